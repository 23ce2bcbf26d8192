/** Faults of a host's link to the others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../../lab/kit/containers.ts';
import { filter, type Rules } from '../../lab/kit/filter.ts';
import type { LabHost } from '../../lab/lab.ts';
import { labEnv, mustRun } from '../../lab/run.ts';
import { type Fault, pause } from './fault.ts';
import { abandoned, STRAY_MS } from './gone.ts';
import { anotherManager, nodeIs } from './nodes.ts';

export const cut: Fault = {
  name: 'host cut off',
  victims: 'any',
  lossless: false,
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
function oneWay(name: string, rules: Rules): Fault {
  return {
    name,
    victims: 'any',
    lossless: false,
    inflict: async (site, victim) => {
      const unfilter = await filter(victim, rules);
      try {
        await abandoned(site, victim, 2 * STRAY_MS);
      } finally {
        await unfilter();
      }
      const mended = Date.now();
      await nodeIs(site, victim, 'ready');
      return mended;
    },
  };
}

export const deaf = oneWay('host hears nothing', { input: ['drop'] });
export const mute = oneWay('host says nothing', { output: ['drop'] });

export const lossy: Fault = {
  name: '5 % loss on a link',
  victims: 'any',
  lossless: false,
  inflict: async (site, victim) => {
    const some = ['numgen random mod 100 < 5 drop'];
    const unfilter = await filter(victim, { input: some, output: some });
    await pause(20_000, site);
    await unfilter();
    return Date.now();
  },
};

const DELAY_MS = 50;
const DELAY_PROGRAM = join(ROOT, 'lab/tools/delay.pl');

/** This kernel may have no netem: a program carries the frames of the host's cable for a while. */
export const slow: Fault = {
  name: `${DELAY_MS} ms delay on a link`,
  victims: 'any',
  lossless: false,
  inflict: async (site, victim) => {
    const { lab } = site;
    const inSwitch = ['nsenter', '-t', String(lab.switchPid), '--net'];
    const change = (...lines: string[]): Promise<string> =>
      mustRun([...inSwitch, 'ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
    await change(
      'link add slow0 type veth peer name slow1',
      `link set ${victim.name} nomaster`,
      'link set slow0 master underlay up',
      'link set slow1 up',
    );
    const [file = '', ...args] = [...inSwitch, 'perl', DELAY_PROGRAM, 'slow1', victim.name];
    const relay = spawn(file, [...args, String(DELAY_MS)], { env: labEnv(), stdio: 'pipe' });
    const ended = once(relay, 'close');
    try {
      await once(relay.stdout, 'data');
      await slowed(victim, anotherManager(site, victim));
      await pause(20_000, site);
    } finally {
      relay.stdin.end();
      await ended;
      await change('link delete slow0', `link set ${victim.name} master underlay`);
    }
    return Date.now();
  },
};

/** Errors: when a round trip takes less than both ways' delay, so that nothing would be shown. */
async function slowed(from: LabHost, to: LabHost): Promise<void> {
  const said = await mustRun(from.enter(['ping', '-nc', '1', '-W', '5', to.address]));
  const took = Number(/time=([\d.]+) ms/.exec(said)?.[1]);
  if (!(took >= 2 * DELAY_MS)) throw new Error(`a round trip took ${took} ms, not slowed down`);
}
