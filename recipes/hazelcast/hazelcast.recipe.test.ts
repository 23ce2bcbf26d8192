/** Hazelcast with the discovery that it comes with: multicast to 224.2.2.3:54327. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { until } from '../../lab/run.ts';
import { inTask, logOf, recipe, says, type Task } from '../support/recipe.ts';

/** In which a killed member, whose connections end, must be off the lists; Hazelcast tries a few times. */
const LEFT_MS = 100_000;
const ENTRIES = 1_000;
const ASK = await readFile(join(import.meta.dirname, 'Ask.java'), 'utf8');

/** The addresses in the last member list that a member has printed. */
async function memberList(task: Task): Promise<string[]> {
  const lists = [...(await logOf(task)).matchAll(/Members \{size:(\d+), [\s\S]*?\n\]/g)];
  const last = lists.at(-1)?.[0] ?? '';
  return [...last.matchAll(/Member \[(.*?)\]:5701/g)].map((it) => it[1] as string).sort();
}

/** Waits until each of these members lists exactly the others and itself. */
async function agree(tasks: readonly Task[], withinMs: number): Promise<void> {
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
    { what: `${tasks.length} members that agree`, timeoutMs: withinMs, everyMs: 500 },
  );
  const [one] = tasks as [Task];
  const words = /Members \{size:(?![\s\S]*Members \{)[\s\S]*?\n\]/;
  await says(() => logOf(one), { what: one.name, words, withinMs: 5_000 });
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

// Six Java programs start on a few cores: what takes seconds each may take minutes together.
vi.setConfig({ testTimeout: 300_000 });

await recipe({ directory: import.meta.dirname }, (site) => {
  it('six members on three hosts form one cluster', async () => {
    const tasks = await site().tasks('member', 6);
    await agree(tasks, 120_000);
    expect(new Set(tasks.map((it) => it.host.name)).size).toBe(3);
    await ask(tasks[0] as Task, 'put', String(ENTRIES));
    for (const task of [tasks[0], tasks[5]]) await hasAll(task as Task);
  });

  it('a map survives the kill of a member, which is off the lists of all others', async () => {
    const [killed, ...rest] = (await site().tasks('member', 6)) as [Task, ...Task[]];
    await killed.host.docker(['kill', killed.id]);
    await agree(rest, LEFT_MS);
    for (const task of [rest[0], rest[4]]) await hasAll(task as Task);
  });
});
