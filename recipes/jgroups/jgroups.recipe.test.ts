/** JGroups with its stock UDP stack: members and views by multicast, a partition, and its heal. */
import { expect, it } from 'vitest';
import { cutOff } from '../support/partition.ts';
import { logOf, recipe, says, type Task } from '../support/recipe.ts';

/** The members of the last view that the demo has printed, sorted; views are "[creator|number] […]". */
const view = (log: string): string[] =>
  [...log.matchAll(/^\*\* New view: (?:MergeView::)?\[.*?\] \[(.*?)\]/gm)]
    .at(-1)?.[1]
    ?.split(', ')
    .map((it) => it.split('-').slice(0, 2).join('-'))
    .sort() ?? [];

/** Waits until a member's last view has exactly these members. */
async function sees(task: Task, members: string[], withinMs: number): Promise<void> {
  const what = `the view of member-${task.name.split('.')[1]}`;
  const words = new RegExp(`^${members.join(', ')}$`);
  await says(async () => view(await logOf(task)).join(', '), { what, words, withinMs });
}

/**
 * JGroups looks for other coordinators every 10 to 30 s (MERGE2 in its udp.xml), and gives a merge up
 * that is disturbed until it looks again: room for a few tries.
 */
const MERGED_MS = 150_000;

await recipe({ directory: import.meta.dirname }, (site) => {
  const all = ['member-1', 'member-2', 'member-3'];

  it('three hosts have one view', async () => {
    const tasks = await site().tasks('member', 3);
    for (const task of tasks) await sees(task, all, 60_000);
    for (const task of tasks) {
      expect(await logOf(task)).toContain(`physical address=${task.ip}:`);
    }
  });

  it('a host that is cut off has a view of its own, and merges again', async () => {
    const tasks = await site().tasks('member', 3);
    const h3 = site().lab.host('h3');
    const alone = tasks.find((it) => it.host === h3) as Task;
    const own = `member-${alone.name.split('.')[1]}`;
    const mend = await cutOff(h3);
    try {
      for (const task of tasks) {
        await sees(task, task === alone ? [own] : all.filter((it) => it !== own), 45_000);
      }
    } finally {
      await mend();
    }
    for (const task of tasks) await sees(task, all, MERGED_MS);
  }, 300_000);
});
