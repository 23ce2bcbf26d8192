/** Faults of the Docker Engine and of whole hosts. */
import type { LabHost } from '../../lab/lab.ts';
import type { Fault, Site } from './fault.ts';
import { leader, nodeIs } from './nodes.ts';

/** Ends an Engine and starts it again. @returns when Docker lists its node as ready */
async function restart(site: Site, host: LabHost, signal: 'SIGKILL' | 'SIGTERM'): Promise<number> {
  await host.killEngine(signal);
  await host.startEngine();
  await host.waitEngine();
  await nodeIs(site, host, 'ready');
  return Date.now();
}

export const killed: Fault = {
  name: 'Engine killed',
  victims: 'any',
  lossless: false,
  inflict: (site, victim) => restart(site, victim, 'SIGKILL'),
};

export const restarted: Fault = {
  name: 'Engine restarted',
  victims: 'any',
  lossless: false,
  inflict: (site, victim) => restart(site, victim, 'SIGTERM'),
};

export const leaderKilled: Fault = {
  name: 'leader killed',
  victims: 'leader',
  lossless: false,
  find: leader,
  inflict: (site, victim) => restart(site, victim, 'SIGKILL'),
};
