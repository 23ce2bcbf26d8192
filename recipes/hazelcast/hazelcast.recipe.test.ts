/** Hazelcast with the discovery that it comes with: multicast to 224.2.2.3:54327. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { containersOn } from '../../lab/kit/stack.ts';
import { until } from '../../lab/run.ts';
import { inTask, logOf, recipe, type Site, says, type Task } from '../support/recipe.ts';

/** Hazelcast gives up a silent member after a minute (hazelcast.max.no.heartbeat.seconds). */
const SILENT_MS = 60_000;
/** In which a stopped or killed member, whose connections end, is off the lists: it is tried again a few times. */
const LEFT_MS = 100_000;
const ENTRIES = 1_000;
const ASK = await readFile(join(import.meta.dirname, 'Ask.java'), 'utf8');

/** The addresses in the last member list that a member has printed. */
async function memberList(task: Task): Promise<string[]> {
  const lists = [...(await logOf(task)).matchAll(/Members \{size:(\d+), [\s\S]*?\n\]/g)];
  const last = lists.at(-1)?.[0] ?? '';
  return [...last.matchAll(/Member \[(.*?)\]:5701/g)].map((it) => it[1] as string).sort();
}

/** Waits until each of so many members lists exactly the others and itself. */
async function agree(site: Site, count: number, withinMs: number): Promise<Task[]> {
  const tasks = await site.tasks('member', count, withinMs);
  const wanted = tasks.map((it) => it.ip).sort();
  await until(
    async () => {
      for (const task of tasks) {
        const listed = await memberList(task);
        if (listed.join() !== wanted.join()) {
          throw new Error(`${task.name} lists ${listed.join()}, not ${wanted.join()}`);
        }
      }
      return true;
    },
    { what: `${count} members that agree`, timeoutMs: withinMs, everyMs: 500 },
  );
  const [one] = tasks as [Task];
  const words = /Members \{size:(?![\s\S]*Members \{)[\s\S]*?\n\]/;
  await says(() => logOf(one), { what: one.name, words, withinMs: 5_000 });
  return tasks;
}

/** Runs Ask.java beside a member, as a client of the cluster. */
function ask(task: Task, ...words: string[]): Promise<string> {
  const java = `java -Xmx64m -Djava.net.preferIPv4Stack=true -cp '/opt/hazelcast/lib/*'`;
  const script = `cat >/tmp/Ask.java; exec ${java} /tmp/Ask.java ${words.join(' ')}`;
  return inTask(task, ['sh', '-c', script], ASK);
}

async function hasAll(task: Task): Promise<void> {
  const words = new RegExp(`^The map has ${ENTRIES} entries, ${ENTRIES} as they were put$`, 'm');
  await says(() => ask(task, 'count'), { what: task.name, words, withinMs: 120_000 });
}

// Nine Java programs start on a few cores: what takes seconds each may take minutes together.
vi.setConfig({ testTimeout: 400_000 });

await recipe({ directory: import.meta.dirname }, (site) => {
  it('six members on three hosts form one cluster', async () => {
    const tasks = await agree(site(), 6, 120_000);
    expect(new Set(tasks.map((it) => it.host.name)).size).toBe(3);
    await ask(tasks[0] as Task, 'put', String(ENTRIES));
    for (const task of [tasks[0], tasks[5]]) await hasAll(task as Task);
  });

  it('a map survives the kill of a member, and its successor takes the place', async () => {
    const [killed] = (await site().tasks('member', 6)) as [Task];
    await killed.host.docker(['kill', killed.id]);
    await expect.poll(() => running(killed), { timeout: 10_000 }).toBe(false);
    // Swarm starts the successor a minute later, as the stack file says.
    const tasks = await agree(site(), 6, LEFT_MS);
    expect(tasks.map((it) => it.id)).not.toContain(killed.id);
    for (const task of [tasks[0], tasks[5]]) await hasAll(task as Task);
  });

  it('6 -> 9 -> 3 members: the lists are right each time, and the map is whole', async () => {
    await site().scale('member', 9);
    await agree(site(), 9, 120_000);
    await site().scale('member', 3);
    const tasks = await agree(site(), 3, 150_000);
    await hasAll(tasks[0] as Task);
  });

  it('a rolling update changes every member, one after the other, and the map stays', async () => {
    const before = await site().tasks('member', 3);
    const { manager } = site();
    const update = ['--force', '--detach=false', 'hazelcast_member'];
    await manager.docker(['service', 'update', '-q', ...update], { timeoutMs: 280_000 });
    const after = await agree(site(), 3, LEFT_MS);
    for (const old of before) expect(after.map((it) => it.id)).not.toContain(old.id);
    await hasAll(after[0] as Task);
  });

  it('a host that dies takes its members off the lists within Hazelcast’s own timeout', async () => {
    const h3 = site().lab.host('h3');
    await Promise.all([h3.killEngine('SIGKILL'), h3.cut()]);
    try {
      const live = site().lab.hosts.filter((it) => it !== h3);
      const tasks = await until(
        async () => {
          const all = await Promise.all(live.map((it) => membersOn(site(), it.name)));
          return all.flat().length === 3 ? all.flat() : undefined;
        },
        { what: 'three members on the hosts that live', timeoutMs: 150_000, everyMs: 500 },
      );
      const lists = async () => await Promise.all(tasks.map(memberList));
      const wanted = tasks.map((it) => it.ip).sort();
      await expect
        .poll(lists, { timeout: SILENT_MS + LEFT_MS, interval: 1_000 })
        .toEqual(tasks.map(() => wanted));
    } finally {
      await h3.mend();
      await h3.startEngine();
      await h3.waitEngine();
    }
  });

  it('no container was restarted but for the ones that this test ended', async () => {
    const { manager } = site();
    const format = ['--format', '{{.Name}} {{.Node}} {{.CurrentState}} {{.Error}}'];
    const listed = await manager.docker(['service', 'ps', ...format, 'hazelcast_member']);
    const failed = listed.split('\n').filter((it) => / (Failed|Rejected) /.test(it));
    // Those of the host that died were ended when its Engine was back.
    const others = failed.filter((it) => !/-h3 /.test(it));
    // One was killed.
    expect(others.length, others.join('\n')).toBeLessThanOrEqual(1);
  });
});

const running = async ({ host, id }: Task): Promise<boolean> =>
  (await host.docker(['ps', '-q', '--no-trunc'])).includes(id);

/** The members on a host that its own Engine knows, also when other hosts do not answer. */
async function membersOn(site: Site, name: string): Promise<Task[]> {
  const all = await containersOn(site.lab.host(name), 'hazelcast_net').catch(() => []);
  return all.filter((it) => it.name.startsWith('hazelcast_member.'));
}
