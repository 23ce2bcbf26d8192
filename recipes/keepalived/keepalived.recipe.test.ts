/** keepalived: VRRP (224.0.0.18, protocol 112) elects a master, and another when it dies. */
import { expect, it } from 'vitest';
import { inTask, logOf, recipe, says, type Task } from '../support/recipe.ts';

const ADDRESS = '10.77.0.250';
const MASTER = /Entering MASTER STATE/;
const LINE = /^\S+ .*Entering MASTER STATE$/m;
/** VRRP waits three advertisements of a second, and less than one more by priority. */
const FAILOVER_MS = 4_000;

/** The tasks that hold the address, as their own `ip address` says. */
async function holders(tasks: readonly Task[]): Promise<Task[]> {
  const said = await Promise.all(
    tasks.map((it) => inTask(it, ['ip', '-brief', 'address', 'show', 'eth0'])),
  );
  return tasks.filter((_, at) => said[at]?.includes(`${ADDRESS}/24`));
}

/** Waits for the one task with the highest priority among these to hold the address, alone. */
async function master(tasks: readonly Task[]): Promise<Task> {
  await says(async () => String((await holders(tasks)).map((it) => it.name)), {
    what: `has ${ADDRESS}`,
    words: /^[^,]+$/,
    withinMs: 30_000,
  });
  return (await holders(tasks))[0] as Task;
}

await recipe({ directory: import.meta.dirname }, (site) => {
  it('the task with the highest priority is master, and all reach the address', async () => {
    const tasks = await site().tasks('router', 3);
    const highest = tasks.find((it) => it.name.includes('_router.3.')) as Task;
    await says(() => logOf(highest), { what: highest.name, words: MASTER, withinMs: 30_000 });
    await expect.poll(() => holders(tasks), { timeout: 15_000 }).toEqual([highest]);
    for (const from of tasks) {
      const ping = ['ping', '-c', '2', '-i', '0.2', '-W', '2', ADDRESS];
      const words = /2 packets transmitted, 2 received/;
      await says(() => inTask(from, ping), { what: from.name, words, withinMs: 10_000 });
    }
  });

  it('when it is killed, the next is master within 4 s, and the address answers there', async () => {
    const tasks = await site().tasks('router', 3);
    const old = await master(tasks);
    const rest = tasks.filter((it) => it !== old);
    const next = tasks.find((it) => it.name.includes('_router.2.')) as Task;
    const killed = Date.now();
    await old.host.docker(['kill', old.id]);
    // Before it knew of the others it may have been master for a moment.
    const since = async () =>
      (await logOf(next, { stamped: true }))
        .split('\n')
        .filter((it) => Date.parse(it.split(' ')[0] ?? '') > killed)
        .join('\n');
    const line = await says(since, { what: next.name, words: LINE, withinMs: 15_000 });
    const took = Date.parse(line.split(' ')[0] ?? '') - killed;
    console.log(`keepalived: a new master ${took} ms after the kill`);
    expect(took).toBeLessThan(FAILOVER_MS);
    const ping = ['ping', '-c', '1', '-W', '1', ADDRESS];
    const other = rest.find((it) => it !== next) as Task;
    await says(() => inTask(other, ping), {
      what: other.name,
      words: /1 received/,
      withinMs: 2_000,
    });
    const neighbour = await inTask(other, ['ip', 'neighbour', 'show', ADDRESS]);
    const mac = await inTask(next, ['cat', '/sys/class/net/eth0/address']);
    expect(neighbour).toContain(mac.trim());
  });
});
