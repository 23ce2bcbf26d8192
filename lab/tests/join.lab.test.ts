/** Every way to form a Swarm that Docker's documents name: the same hosts, again and again. */
import { afterEach, expect, it } from 'vitest';
import { hostReport } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../kit/stack.ts';
import { closeStations, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { settle, until } from '../run.ts';
import { formSwarm, type JoinWay, leaveSwarm } from '../swarm.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.71.0.1';
const NET = 'joined';
const FIRST_NETWORK = ['10.99.0.1', '10.99.0.2'];

const lab = useLab('join', { hosts: 2, underlay: 'two' });
let containers: Container[] = [];

afterEach(async () => {
  await removeContainers(containers);
  await removeNetwork(lab(), NET);
});

/** All hosts leave their Swarm. */
async function leave(): Promise<void> {
  await settle(lab().hosts.map(leaveSwarm));
}

/** Waits until the hosts' tunnels are at these addresses, then hears from host to host. */
async function expectMulticast(tag: string, tunnels: readonly string[]): Promise<void> {
  await until(
    async () => {
      const reports = await Promise.all(lab().hosts.map(hostReport));
      const now = reports.map((it) => it.tunnel?.address ?? it.problem).join();
      if (now === tunnels.join()) return true;
      throw new Error(now);
    },
    { what: `tunnels at ${tunnels.join()}`, timeoutMs: 40_000, everyMs: 200 },
  );
  await createNetwork(lab(), NET);
  containers = await Promise.all(
    lab().hosts.map((host) => runContainer(host, { network: NET, name: `${NET}-${host.name}` })),
  );
  await settled(lab(), NET);
  const stations = await startStations(containers);
  await Promise.all(stations.map((it) => it.join(GROUP)));
  await groupReady(stations, GROUP);
  await Promise.all(stations.map((it) => it.say({ to: GROUP, tag, count: 5 })));
  expect(await settledPairs(stations, { tag, count: 5 })).toEqual(everyPair(stations, 5));
  await closeStations(stations);
}

it('containers hear each other with --data-path-addr, over the second network', async () => {
  await expectMulticast('data', ['10.98.0.1', '10.98.0.2']);
}, 120_000);

it.each<[string, JoinWay, number | undefined]>([
  ['with --advertise-addr ADDRESS', 'address', undefined],
  ['with --advertise-addr INTERFACE', 'interface', undefined],
  ['with --data-path-port 7789', 'address', 7789],
])(
  'containers hear each other in a Swarm formed %s',
  async (_what, join, dataPathPort) => {
    await leave();
    await formSwarm(lab().hosts, { underlay: 'ipv4', join, dataPathPort });
    await expectMulticast(`${join}-${dataPathPort}`, FIRST_NETWORK);
  },
  120_000,
);

it('containers hear each other on a host that joined by the line that init prints', async () => {
  await leave();
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  // Docker refuses to choose one of two networks: the first host must say which. The other need not.
  const said = await h1.docker(['swarm', 'init', '--advertise-addr', h1.address]);
  const line = /docker (swarm join .*)/.exec(said)?.[1] ?? '';
  expect(line).not.toContain('--advertise-addr');
  await h2.docker(line.trim().split(' '));
  await expectMulticast('plain', FIRST_NETWORK);
}, 120_000);
