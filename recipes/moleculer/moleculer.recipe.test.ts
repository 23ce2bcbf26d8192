/** Moleculer's TCP transporter: nodes find each other at 239.0.0.0:4445, and talk by TCP then. */
import { expect, it } from 'vitest';
import { logOf, recipe, says } from '../support/recipe.ts';

const NODES = Array.from({ length: 6 }, (_, at) => `node-${at + 1}`);

await recipe({ directory: import.meta.dirname }, (site) => {
  it('six nodes on three hosts connect to each other, and answer each other', async () => {
    const tasks = await site().tasks('node', NODES.length);
    expect(new Set(tasks.map((it) => it.host.name)).size).toBe(3);
    for (const task of tasks) {
      const own = `node-${task.name.split('.')[1]}`;
      for (const other of NODES.filter((it) => it !== own)) {
        await says(() => logOf(task), {
          what: own,
          words: new RegExp(`Node '${other}' (?:re)?connected\\.`),
          withinMs: 45_000,
        });
        await says(() => logOf(task), {
          what: own,
          words: new RegExp(`${other} answers: hello ${own}, this is ${other}`),
          withinMs: 15_000,
        });
      }
    }
  });

  it('a node that ends is told of, and its successor is found', async () => {
    const tasks = await site().tasks('node', NODES.length);
    const [watcher, ended] = tasks as [(typeof tasks)[0], (typeof tasks)[0]];
    const name = `node-${ended.name.split('.')[1]}`;
    await ended.host.docker(['kill', ended.id]);
    const told = async () =>
      (await logOf(watcher)).match(new RegExp(`Node '${name}' .*`, 'g')) ?? [];
    await says(async () => (await told()).join('\n'), {
      what: `node-${watcher.name.split('.')[1]}`,
      words: /.* disconnected\.\n.* reconnected\./,
      withinMs: 60_000,
    });
  });
});
