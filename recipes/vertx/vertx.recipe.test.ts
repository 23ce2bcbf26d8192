/** Vert.x' clustered event bus, whose members find each other by Hazelcast's multicast. */
import { expect, it } from 'vitest';
import { logOf, recipe, says } from '../support/recipe.ts';

const NEWS = 1_000;
const RECEIVED = /Received news: Some news!$/gm;

await recipe({ directory: import.meta.dirname }, (site) => {
  it('the receivers of three hosts form a cluster', async () => {
    const tasks = await site().tasks('receiver', 3);
    for (const task of tasks) {
      await says(() => logOf(task), {
        what: task.host.name,
        words: /Members \{size:3, [\s\S]*?\n\]/,
        withinMs: 90_000,
      });
      const words = /Ready for news: true/;
      await says(() => logOf(task), { what: task.host.name, words, withinMs: 30_000 });
    }
  });

  it('of 1 000 pieces of news every receiver gets every one', async () => {
    const receivers = await site().tasks('receiver', 3);
    await site().scale('sender', 1);
    const [sender] = await site().tasks('sender', 1);
    if (sender === undefined) throw new Error('there is no sender');
    const words = /Published 1000/;
    await says(() => logOf(sender), { what: sender.host.name, words, withinMs: 90_000 });
    for (const receiver of receivers) {
      const count = async () => (await logOf(receiver)).match(RECEIVED)?.length ?? 0;
      await expect.poll(count, { timeout: 15_000 }).toBe(NEWS);
      const lines = (await logOf(receiver)).match(RECEIVED) ?? [];
      console.log(`${receiver.host.name}: ${lines[0]} (${lines.length} times)`);
    }
  });
});
