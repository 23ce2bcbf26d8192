/** Corosync with transport "udp": membership by multicast, a partition, and its heal. */
import { expect, it } from 'vitest';
import { cutOff } from '../support/partition.ts';
import { inTask, recipe, says, type Task } from '../support/recipe.ts';

/** What corosync-quorumtool says; it ends with 1 where there is no quorum, 2 is still an answer. */
const quorum = (task: Task): Promise<string> =>
  inTask(task, ['sh', '-c', 'corosync-quorumtool -s || test $? -le 2']);

/** Waits until a node says this of the ring that it is in. */
const sees = (task: Task, nodes: number, quorate: 'Yes' | 'No'): Promise<string> =>
  says(() => quorum(task), {
    what: `corosync-quorumtool on ${task.host.name}`,
    words: new RegExp(`^Nodes: +${nodes}$(?:.*\n)*?^Quorate: +${quorate}$`, 'm'),
    withinMs: 30_000,
  });

await recipe({ directory: import.meta.dirname }, (site) => {
  it('three hosts are one ring with quorum, under their addresses on the network', async () => {
    const tasks = await site().tasks('node', 3);
    for (const task of tasks) await sees(task, 3, 'Yes');
    const [one] = tasks as [Task];
    const members = await inTask(one, ['corosync-cmapctl', 'runtime.members']);
    for (const { ip } of tasks) expect(members).toContain(`ip(${ip})`);
  });

  it('a host that is cut off is alone and has no quorum; the others go on', async () => {
    const tasks = await site().tasks('node', 3);
    const h3 = site().lab.host('h3');
    const alone = tasks.find((it) => it.host.name === 'h3') as Task;
    const mend = await cutOff(h3);
    try {
      for (const task of tasks) {
        if (task === alone) await sees(task, 1, 'No');
        else await sees(task, 2, 'Yes');
      }
    } finally {
      await mend();
    }
    for (const task of tasks) await sees(task, 3, 'Yes');
  });
});
