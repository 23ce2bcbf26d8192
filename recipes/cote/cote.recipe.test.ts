/** cote: services find each other by broadcasts to 255.255.255.255:12345, and talk by TCP then. */
import { expect, it } from 'vitest';
import { logOf, recipe, says } from '../support/recipe.ts';

const NODES = Array.from({ length: 6 }, (_, at) => `node-${at + 1}`);

await recipe({ directory: import.meta.dirname }, (site) => {
  it('every requester finds the responders of all hosts, and all answer it', async () => {
    const tasks = await site().tasks('node', NODES.length);
    expect(new Set(tasks.map((it) => it.host.name)).size).toBe(3);
    for (const task of tasks) {
      const own = `node-${task.name.split('.')[1]}`;
      for (const other of NODES) {
        await says(() => logOf(task), {
          what: own,
          words: new RegExp(`requester ${own} > service\\.online responder ${other}#.*`),
          withinMs: 45_000,
        });
        await says(() => logOf(task), {
          what: own,
          words: new RegExp(`hello ${own}, this is ${other}$`, 'm'),
          withinMs: 30_000,
        });
      }
    }
  });
});
