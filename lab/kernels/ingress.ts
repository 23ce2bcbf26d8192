/**
 * A port published in ingress mode: Docker's own network with Docker's own balancer, which needs
 * IPVS, for a service whose own network is castnet's.
 */
import type { Lab, LabHost } from '../lab.ts';
import { until } from '../run.ts';
import {
  containersOf,
  createNetwork,
  removeContainers,
  removeNetwork,
  tasksRun,
} from '../tests/support/stack.ts';
import { closeStations, startStations } from '../tests/support/station.ts';
import { Caller, createWeb, removeServices, SERVICE_PORT, spreads } from '../tests/support/vip.ts';
import { ingressState } from './keep.ts';
import { oneOnEach, TASKS } from './services.ts';
import type { Figures } from './steps.ts';

const PORT = 8080;

/**
 * From every host, the port of every host leads to every task; the same tasks are reached by the
 * service's name on the castnet network, and go on hearing its multicast.
 */
export async function ingress(lab: Lab): Promise<Figures> {
  await createNetwork(lab, 'published');
  const containers = await oneOnEach(lab, 'published');
  const inside = await Promise.all(containers.map(Caller.start));
  const publish = ['--publish', `mode=ingress,target=${SERVICE_PORT},published=${PORT}`];
  await createWeb(lab, {
    name: 'open',
    networks: ['published'],
    replicas: TASKS,
    args: publish,
  });
  const outside = await Promise.all(lab.hosts.map((host) => Caller.startOn(host)));
  const everywhere = async (): Promise<void> => {
    for (const caller of outside)
      for (const host of lab.hosts) await spreads(caller, host.address, TASKS, PORT);
    for (const caller of inside) await spreads(caller, 'open', TASKS);
  };
  await everywhere().catch(async (error: Error) => {
    for (const host of lab.hosts) console.error(await ingressState(host));
    throw error;
  });
  // A host without a task of the service has the port as well.
  await (lab.hosts[0] as LabHost).docker(['service', 'scale', '--detach', 'open=1']);
  await tasksRun(lab, 'open', 1);
  for (const caller of outside)
    for (const host of lab.hosts) await spreads(caller, host.address, 1, PORT);
  await hearMulticast(lab);
  await Promise.all([...inside, ...outside].map((it) => it.close()));
  await removeServices(lab, 'open');
  await removeContainers(containers);
  await removeNetwork(lab, 'published');
  return { hosts: lab.hosts.length, tasks: TASKS };
}

/** A task that also is on Docker's ingress network hears its castnet network's groups, and speaks. */
async function hearMulticast(lab: Lab): Promise<void> {
  const all = await containersOf(lab, 'published');
  const task = all.find((it) => it.name.startsWith('open.'));
  const other = all.find((it) => !it.name.startsWith('open.') && it.host !== task?.host);
  if (task === undefined || other === undefined) throw new Error('the task is not on the network');
  const [one, two] = await startStations([task, other]);
  if (one === undefined || two === undefined) throw new Error('no station');
  for (const station of [one, two]) await station.join('239.1.1.1');
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    await until(
      async () => {
        await from.say({ to: '239.1.1.1', tag: from.name });
        return (await to.heard(from.name)).length > 0 || undefined;
      },
      { what: `multicast from ${from.name} to ${to.name}`, timeoutMs: 20_000, everyMs: 200 },
    );
  }
  await closeStations([one, two]);
}
