/** What lies between the hosts takes less, or more, from one moment to the next. */

import { hostReport, plan } from '../../kit/agent.ts';
import type { Station } from '../../kit/station.ts';
import type { Lab } from '../../lab.ts';
import { mustRun, until } from '../../run.ts';
import { everyPair, settledPairs } from './group.ts';

/** Bytes of a datagram that fits the old size whole, and not the new one. */
export const SIZE = 1400;

/** Of the hosts' interfaces and of what they are plugged into, as a new encryption between them would. */
export async function lowerTo(lab: Lab, mtu: number): Promise<void> {
  const ip = ['ip', 'link', 'set', 'mtu', String(mtu), 'dev'];
  for (const host of lab.hosts) {
    await mustRun(host.enter([...ip, host.underlayInterface]));
    await mustRun(['nsenter', '-t', String(lab.switchPid), '--net', ...ip, host.name]);
  }
}

/** Waits until every host has found that its tunnel carries so much, and has nothing left to do. */
export async function carried(lab: Lab, bytes: number): Promise<void> {
  for (const host of lab.hosts) {
    await until(
      async () => {
        const { tunnel } = await hostReport(host);
        if (tunnel?.mtu !== bytes) throw new Error(`it carries ${tunnel?.mtu}`);
        const steps = await plan(host);
        return steps.length === 0 || Promise.reject(new Error(steps[0]));
      },
      { what: `${host.name}: a tunnel for ${bytes} bytes`, timeoutMs: 30_000 },
    );
  }
}

/** Everyone says twenty datagrams of `SIZE` to a group or address, and hears those of all others. */
export async function hearEachOther(
  stations: readonly Station[],
  { to, tag }: { to: string; tag: string },
): Promise<void> {
  const say = { to, tag, size: SIZE, count: 20, rate: 100 };
  await Promise.all(stations.map((it) => it.say(say)));
  expectPairs(await settledPairs(stations, { tag, count: 20 }), everyPair(stations, 20));
}

function expectPairs(heard: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.filter((it) => !heard.includes(it));
  if (missing.length > 0 || heard.length !== wanted.length)
    throw new Error(`heard ${heard.join('; ')}; wanted ${wanted.join('; ')}`);
}
