/** The discovery worker, with Redis Cluster in the place of Aerospike, which is not to be had here. */
import { expect, it } from 'vitest';
import { until } from '../../lab/run.ts';
import { inTask, logOf, recipe, type Site, says, type Task } from '../support/recipe.ts';

/** The addresses in a node's own list, of nodes that it counts as connected and alive. */
async function listed(task: Task): Promise<string[]> {
  const lines = (await inTask(task, ['redis-cli', 'cluster', 'nodes'])).trim().split('\n');
  return lines
    .map((it) => it.split(' '))
    .filter(([, , flags, , , , , link]) => link === 'connected' && !/fail|noaddr/.test(flags ?? ''))
    .map(([, address, flags]) => (flags?.includes('myself') ? '' : (address?.split(':')[0] ?? '')))
    .sort();
}

/** Waits until so many nodes list exactly each other. */
async function cluster(site: Site, count: number): Promise<void> {
  const tasks = await site.tasks('redis', count);
  await until(
    async () => {
      for (const task of tasks) {
        const others = tasks.filter((it) => it !== task).map((it) => it.ip);
        const found = (await listed(task)).join();
        if (found !== ['', ...others].sort().join()) throw new Error(`${task.name}: ${found}`);
      }
      return true;
    },
    { what: `${count} nodes that list each other`, timeoutMs: 45_000, everyMs: 500 },
  );
  for (const task of tasks) {
    await says(() => inTask(task, ['redis-cli', 'cluster', 'info']), {
      what: `${task.name} on ${task.host.name}, cluster info`,
      words: new RegExp(`cluster_known_nodes:${count}\\b`),
      withinMs: 30_000,
    });
  }
}

await recipe({ directory: import.meta.dirname, file: 'redis.yml' }, (site) => {
  it('two servers are told of each other', async () => {
    await cluster(site(), 2);
  });

  it('2 -> 4 -> 3 servers: each knows exactly those that are there', async () => {
    await site().scale('redis', 4);
    await cluster(site(), 4);
    await site().scale('redis', 3);
    await cluster(site(), 3);
    const [worker] = (await site().tasks('discover', 1)) as [Task];
    await says(() => logOf(worker), { what: 'worker', words: /.* is gone$/m, withinMs: 15_000 });
    expect(await logOf(worker)).not.toContain('did not forget');
  });
});
