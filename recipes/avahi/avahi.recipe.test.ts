/** Avahi: names and services by mDNS (224.0.0.251:5353) between three hosts. */
import { expect, it } from 'vitest';
import { inTask, recipe, says } from '../support/recipe.ts';

await recipe({ directory: import.meta.dirname }, (site) => {
  it('every container resolves the .local name of every other to its address', async () => {
    const tasks = await site().tasks('host', 3);
    expect(new Set(tasks.map((it) => it.host.name)).size).toBe(3);
    for (const from of tasks) {
      for (const to of tasks.filter((it) => it !== from)) {
        const name = `${(await inTask(to, ['hostname'])).trim()}.local`;
        await says(() => inTask(from, ['avahi-resolve', '-4', '-n', name]), {
          what: `avahi-resolve on ${from.host.name}`,
          words: new RegExp(`^${name}\\s+${to.ip}$`, 'm'),
          withinMs: 30_000,
        });
      }
    }
  });

  it('every container finds the web service of every other', async () => {
    const tasks = await site().tasks('host', 3);
    for (const from of tasks) {
      for (const to of tasks.filter((it) => it !== from)) {
        const name = (await inTask(to, ['hostname'])).trim();
        await says(() => inTask(from, ['avahi-browse', '-rtp', '_http._tcp']), {
          what: `avahi-browse on ${from.host.name}`,
          words: new RegExp(`^=;eth0;IPv4;Web\\\\032on\\\\032${name};.*;${to.ip};80;.*$`, 'm'),
          withinMs: 30_000,
        });
      }
    }
  });
});
