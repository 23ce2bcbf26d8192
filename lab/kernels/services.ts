/** Steps with services' virtual addresses, and with an agent that is started again. */

import { healthy, killAgent } from '../kit/agent.ts';
import { createWeb, SERVICE_PORT, spreads, vipsOf } from '../kit/vip.ts';
import { until } from '../run.ts';
import { callersOf, NETWORK, stationsOf } from './cast.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

export const TASKS = 3;
/** The service, and its port on every host. */
export const WEB = 'web';
export const PORT = 8080;

/** Milliseconds: starting Node takes an emulated processor seconds. */
const AGENT_MS = 90_000;

/** A service of three tasks, called from a container on each host by its address and its name. */
export async function virtualAddress(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const callers = await callersOf(stage);
  const args = ['--publish', `mode=ingress,target=${SERVICE_PORT},published=${PORT}`];
  await createWeb(lab, { name: WEB, networks: [NETWORK], replicas: TASKS, args });
  // The other one is of Docker's network ingress, which the callers are not on.
  const subnet = (address = '') => address.slice(0, address.lastIndexOf('.') + 1);
  const own = subnet(callers[0]?.container.ip);
  const vip = (await vipsOf(lab, WEB)).find((it) => subnet(it) === own);
  if (vip === undefined) throw new Error(`${WEB} has no virtual address in ${own}0/24`);
  for (const caller of callers) {
    await spreads(caller, vip, TASKS);
    await spreads(caller, WEB, TASKS);
    const udp = await caller.send(vip);
    if (udp === undefined) throw new Error(`${caller.container.name}: no answer by UDP`);
  }
  return { callers: callers.length, tasks: TASKS };
}

/** A stream between two hosts while the agents of both are killed and started again by Docker. */
export async function restartedAgent(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const stations = await stationsOf(stage);
  const [from, to] = stations as [(typeof stations)[0], (typeof stations)[0]];
  await to.join('239.1.2.3');
  await until(
    async () => {
      await from.say({ to: '239.1.2.3', tag: 'before' });
      return (await to.heard('before')).length > 0 || undefined;
    },
    { what: 'a first packet', timeoutMs: 30_000 },
  );
  await from.stream({ to: '239.1.2.3', tag: 'kept', rate: 50 });
  for (const host of lab.hosts.slice(0, 2)) await killAgent(host, { withinMs: AGENT_MS });
  await healthy(lab, { withinMs: AGENT_MS });
  const sent = await from.stop('kept');
  await to.hears(from, { tag: 'kept', count: sent });
  return { sent, lost: 0 };
}
