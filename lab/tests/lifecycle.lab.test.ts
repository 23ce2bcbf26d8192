/** Scaling, removing and churn: the kernel holds exactly what it should, and nothing stays. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plan } from '../kit/agent.ts';
import { expectedRoutes, footprint, routes, settled } from '../kit/kernel.ts';
import {
  type Container,
  containerCount,
  containersOf,
  createNetwork,
  deployStack,
  networkGone,
  removeContainers,
  removeNetwork,
  removeStack,
  runContainer,
  tasksRun,
  vniOf,
} from '../kit/stack.ts';
import { closeStations, startStations } from '../kit/station.ts';
import { until } from '../run.ts';
import { groupReady } from './support/group.ts';
import { useSharedLab } from './support/shared-lab.ts';

const lab = useSharedLab('life');
let before: string[][] = [];

const footprints = (): Promise<string[][]> => Promise.all(lab().hosts.map(footprint));

beforeEach(async () => {
  before = await footprints();
});

/** After each test nothing of it is in any host: no link, no entry, no file. */
afterEach(async () => {
  await until(async () => same(await footprints(), before) || undefined, {
    what: 'the hosts as they were before',
    timeoutMs: 10_000,
    everyMs: 100,
  }).catch(() => {});
  expect(await footprints()).toEqual(before);
});

const same = (a: string[][], b: string[][]): boolean => JSON.stringify(a) === JSON.stringify(b);

async function expectExact(network: string): Promise<void> {
  await settled(lab(), network);
  const vni = await vniOf(lab(), network);
  for (const host of lab().hosts) {
    expect(await plan(host), host.name).toEqual([]);
    expect(await routes(host, vni), host.name).toEqual(await expectedRoutes(lab(), host, network));
  }
}

it('a service scaled from 6 to 12 to 3, then its stack removed', async () => {
  await deployStack(lab(), 'scale', { web: { replicas: 6 } });
  await containerCount(lab(), 'scale_net', 6);
  await expectExact('scale_net');
  for (const count of [12, 3]) {
    const manager = lab().host('h1');
    await manager.docker(['service', 'scale', '--detach', `scale_web=${count}`]);
    await tasksRun(lab(), 'scale_web', count);
    await containerCount(lab(), 'scale_net', count);
    await expectExact('scale_net');
  }
  const stations = await startStations(await containersOf(lab(), 'scale_net'));
  await Promise.all(stations.map((it) => it.join('239.79.0.1')));
  await groupReady(stations, '239.79.0.1');
  await closeStations(stations);
  await removeStack(lab(), 'scale');
});

it('a network that containers used on every host is removed', async () => {
  await createNetwork(lab(), 'gone');
  const containers = await Promise.all(
    lab().hosts.map((host) => runContainer(host, { network: 'gone', name: `gone-${host.name}` })),
  );
  await expectExact('gone');
  await removeContainers(containers);
  await removeNetwork(lab(), 'gone');
  for (const host of lab().hosts) await networkGone(host, 'gone');
});

it('containers that come and go on all hosts at once', async () => {
  await createNetwork(lab(), 'churn');
  const stay: Container[] = [];
  for (let round = 0; round < 3; round++) {
    const made = await Promise.all(
      lab().hosts.flatMap((host) =>
        ['a', 'b', 'c'].map((which) =>
          runContainer(host, { network: 'churn', name: `churn-${host.name}-${which}-${round}` }),
        ),
      ),
    );
    // One of each host stays; the next round begins while the others are being removed.
    stay.push(...made.filter((it) => it.name.includes('-a-')));
    await removeContainers(made.filter((it) => !it.name.includes('-a-')));
  }
  await expectExact('churn');
  const stations = await startStations(stay);
  await Promise.all(stations.map((it) => it.join('239.79.0.2')));
  await groupReady(stations, '239.79.0.2');
  await closeStations(stations);
  await removeContainers(stay);
  await removeNetwork(lab(), 'churn');
});

it('a container restarted keeps its place on the network', async () => {
  await createNetwork(lab(), 'again');
  const [one, two] = (await Promise.all(
    ['h1', 'h2'].map((name) =>
      runContainer(lab().host(name), { network: 'again', name: `again-${name}` }),
    ),
  )) as [Container, Container];
  await one.host.docker(['restart', '-t', '0', one.id]);
  await expectExact('again');
  const here = (await containersOf(lab(), 'again')).filter((it) => it.id === one.id);
  const stations = await startStations([...here, two]);
  await Promise.all(stations.map((it) => it.join('239.79.0.3')));
  await groupReady(stations, '239.79.0.3');
  await closeStations(stations);
  await removeContainers([one, two]);
  await removeNetwork(lab(), 'again');
});
