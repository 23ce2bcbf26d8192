/** The time of day jumps. */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { hostReport, killAgent } from '../../lab/kit/agent.ts';
import { ROOT } from '../../lab/kit/containers.ts';
import { nextPackage, upgradeFrom } from '../../lab/kit/next-package.ts';
import type { LabHost } from '../../lab/lab.ts';
import { mustRun, until } from '../../lab/run.ts';
import { type Fault, pause } from './fault.ts';

/** Tells a program another time of day (Debian's libfaketime). */
const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
/** Says which, in a file of the host that the plugin sees as well. */
const OFFSET = '/run/lab-clock';

const CHANGED = {
  build: 'otherclock00',
  files: [LIBRARY],
  env: {
    LD_PRELOAD: `/castnet/${basename(LIBRARY)}`,
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_TIMESTAMP_FILE: OFFSET,
    FAKETIME_CACHE_DURATION: '1',
  },
};

/**
 * A day ahead, and some minutes behind: a Swarm's certificates are dated back by an hour, but its
 * authority's only by five minutes (cfssl's default), and the Swarm of a lab is new.
 */
const JUMPS_S = [86_400, -240];

/**
 * For the agent alone, since hosts share the machine's clock. At the other time it is killed too, so
 * that its sessions come about anew.
 */
export const jumped: Fault = {
  name: 'clock jumps a day',
  victims: 'any',
  lossless: true,
  rests: true,
  inflict: async (site, victim) => {
    const changed = await nextPackage(CHANGED);
    try {
      await tell(victim, 0);
      await upgradeFrom(changed, victim);
      for (const seconds of JUMPS_S) {
        await tell(victim, seconds);
        await believes(victim, seconds);
        await pause(5_000, site);
        await killAgent(victim, { withinMs: 30_000 });
        await believes(victim, seconds, site.lab.hosts.length - 1);
      }
      await tell(victim, 0);
    } finally {
      await upgradeFrom(ROOT, victim);
      await victim.exec(['rm', '-f', OFFSET]);
      await rm(changed, { recursive: true, force: true });
    }
    return Date.now();
  },
};

async function tell(host: LabHost, seconds: number): Promise<void> {
  const offset = seconds < 0 ? `${seconds}` : `+${seconds}`;
  const write = `echo "$1" >${OFFSET}.new && mv ${OFFSET}.new ${OFFSET}`;
  await mustRun(host.enter(['sh', '-c', write, 'sh', offset]));
}

/** Waits until the agent takes that time for true, and has sessions with so many hosts. */
async function believes(host: LabHost, seconds: number, sessions = 0): Promise<void> {
  await until(
    async () => {
      const { now, peers } = await hostReport(host);
      const ahead = (now - Date.now()) / 1_000;
      const up = peers.filter((it) => it.state === 'up').length;
      if (Math.abs(ahead - seconds) < 60 && up >= sessions) return true;
      throw new Error(`it is ${ahead} s ahead, with ${up} sessions`);
    },
    { what: `${host.name}: an agent that is ${seconds} s ahead`, timeoutMs: 20_000 },
  );
}
