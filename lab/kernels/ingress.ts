/**
 * A port published in ingress mode: Docker's own network with Docker's own balancer, which needs
 * IPVS, for a service whose own network is castnet's.
 */

import { containersOf, tasksRun } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import { Caller, spreads } from '../kit/vip.ts';
import type { Lab, LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { callersOf, NETWORK, stationsOf } from './cast.ts';
import { ingressState } from './keep.ts';
import { PORT, TASKS, WEB } from './services.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

const GROUP = '239.1.1.1';

/**
 * From every host, the port of every host leads to every task; the same tasks are reached by the
 * service's name on the castnet network, and hear its multicast.
 */
export async function ingress(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const inside = await callersOf(stage);
  const outside = await Promise.all(lab.hosts.map((host) => Caller.startOn(host)));
  const ports = async (tasks: number): Promise<void> => {
    for (const caller of outside)
      for (const host of lab.hosts) await spreads(caller, host.address, tasks, PORT);
  };
  try {
    await ports(TASKS);
    for (const caller of inside) await spreads(caller, WEB, TASKS);
    // A host without a task of the service has the port as well.
    await (lab.hosts[0] as LabHost).docker(['service', 'scale', '--detach', `${WEB}=1`]);
    await tasksRun(lab, WEB, 1);
    await ports(1);
  } catch (error) {
    for (const host of lab.hosts) console.error(await ingressState(host));
    throw error;
  }
  await Promise.all(outside.map((it) => it.close()));
  await hearMulticast(lab, await stationsOf(stage));
  return { hosts: lab.hosts.length, tasks: TASKS };
}

/** A task that also is on Docker's ingress network hears its castnet network's groups, and speaks. */
async function hearMulticast(lab: Lab, stations: readonly Station[]): Promise<void> {
  const all = await containersOf(lab, NETWORK);
  const task = all.find((it) => it.name.startsWith(`${WEB}.`));
  const other = stations.find((it) => it.container.host !== task?.host);
  if (task === undefined || other === undefined) throw new Error('the task is not on the network');
  const [own] = await startStations([task]);
  if (own === undefined) throw new Error('no station');
  for (const station of [own, other]) await station.join(GROUP);
  for (const [from, to] of [
    [own, other],
    [other, own],
  ] as const) {
    await until(
      async () => {
        await from.say({ to: GROUP, tag: from.name });
        return (await to.heard(from.name)).length > 0 || undefined;
      },
      { what: `multicast from ${from.name} to ${to.name}`, timeoutMs: 20_000, everyMs: 200 },
    );
  }
  await closeStations([own]);
}
