/** Faults of a host's link to the others. */
import type { LabHost } from '../../lab/lab.ts';
import { mustRun } from '../../lab/run.ts';
import { type Fault, pause } from './fault.ts';
import { abandoned, STRAY_MS } from './gone.ts';
import { nodeIs } from './nodes.ts';

const WITHIN_MS = 10_000;

/** Filters what passes the host's link, until `mend` is called. */
async function filter(host: LabHost, rules: { input?: string; output?: string }): Promise<void> {
  const chains = Object.entries(rules).map(
    ([hook, rule]) => `chain ${hook} {
      type filter hook ${hook} priority -300
      ${hook === 'input' ? 'iifname' : 'oifname'} ${host.underlayInterface} ${rule}
    }`,
  );
  const input = `table inet chaos {\n${chains.join('\n')}\n}\n`;
  await mustRun(host.enter(['nft', '-f', '-']), { input });
}

async function unfilter(host: LabHost): Promise<void> {
  await mustRun(host.enter(['nft', 'delete', 'table', 'inet', 'chaos']));
}

export const cut: Fault = {
  name: 'host cut off',
  victims: 'any',
  lossless: false,
  withinMs: WITHIN_MS,
  inflict: async (site, victim) => {
    await victim.cut();
    try {
      await nodeIs(site, victim, 'down');
      await abandoned(site, victim);
    } finally {
      await victim.mend();
    }
    await nodeIs(site, victim, 'ready');
    return Date.now();
  },
};

/** One direction for a short while: shorter than it takes Docker to notice. */
function oneWay(name: string, rules: { input?: string; output?: string }): Fault {
  return {
    name,
    victims: 'any',
    lossless: false,
    withinMs: WITHIN_MS,
    inflict: async (site, victim) => {
      await filter(victim, rules);
      try {
        await abandoned(site, victim, 2 * STRAY_MS);
      } finally {
        await unfilter(victim);
      }
      const mended = Date.now();
      await nodeIs(site, victim, 'ready');
      return mended;
    },
  };
}

export const deaf = oneWay('host hears nothing', { input: 'drop' });
export const mute = oneWay('host says nothing', { output: 'drop' });

export const lossy: Fault = {
  name: '5 % loss on a link',
  victims: 'any',
  lossless: false,
  withinMs: WITHIN_MS,
  inflict: async (site, victim) => {
    const rule = 'numgen random mod 100 < 5 drop';
    await filter(victim, { input: rule, output: rule });
    await pause(20_000, site);
    await unfilter(victim);
    return Date.now();
  },
};
