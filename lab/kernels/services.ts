/** Steps with services' virtual addresses, and with an agent that is started again. */
import type { Lab } from '../lab.ts';
import { until } from '../run.ts';
import { healthy, killAgent } from '../tests/support/agent.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../tests/support/stack.ts';
import { closeStations, startStations } from '../tests/support/station.ts';
import { Caller, createWeb, removeServices, spreads, vipsOf } from '../tests/support/vip.ts';
import type { Figures } from './steps.ts';

export const TASKS = 3;

/** Milliseconds: starting Node takes an emulated processor seconds. */
const AGENT_MS = 90_000;

/** A sleeping container on each host. */
export function oneOnEach(lab: Lab, network: string): Promise<Container[]> {
  return Promise.all(
    lab.hosts.map((host) => runContainer(host, { network, name: `${network}-${host.name}` })),
  );
}

/** A service of three tasks, called from a container on each host by its address and its name. */
export async function virtualAddress(lab: Lab): Promise<Figures> {
  await createNetwork(lab, 'vips');
  const callers = await Promise.all((await oneOnEach(lab, 'vips')).map(Caller.start));
  await createWeb(lab, { name: 'web', networks: ['vips'], replicas: TASKS });
  const [vip = ''] = await vipsOf(lab, 'web');
  for (const caller of callers) {
    await spreads(caller, vip, TASKS);
    await spreads(caller, 'web', TASKS);
    const udp = await caller.send(vip);
    if (udp === undefined) throw new Error(`${caller.container.name}: no answer by UDP`);
  }
  await Promise.all(callers.map((it) => it.close()));
  await removeServices(lab, 'web');
  await removeContainers(callers.map((it) => it.container));
  await removeNetwork(lab, 'vips');
  return { callers: callers.length, tasks: TASKS };
}

/** A stream between two hosts while the agents of both are killed and started again by Docker. */
export async function restartedAgent(lab: Lab): Promise<Figures> {
  await createNetwork(lab, 'stream');
  const containers = await oneOnEach(lab, 'stream');
  const stations = await startStations(containers);
  const [from, to] = stations as [(typeof stations)[0], (typeof stations)[0]];
  await to.join('239.1.2.3');
  await until(
    async () => {
      await from.say({ to: '239.1.2.3', tag: 'first' });
      return (await to.heard('first')).length > 0 || undefined;
    },
    { what: 'a first packet', timeoutMs: 30_000 },
  );
  await from.stream({ to: '239.1.2.3', tag: 'kept', rate: 50 });
  for (const host of lab.hosts.slice(0, 2)) await killAgent(host, { withinMs: AGENT_MS });
  await healthy(lab, { withinMs: AGENT_MS });
  const sent = await from.stop('kept');
  await to.hears(from, { tag: 'kept', count: sent });
  await closeStations(stations);
  await removeContainers(containers);
  await removeNetwork(lab, 'stream');
  return { sent, lost: 0 };
}
