/** The plugin is there before the Swarm, or before its node joins: nobody has to restart it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LabHost } from '../lab.ts';
import { formSwarm, joinSwarm } from '../swarm.ts';
import { agentPid } from './support/agent.ts';
import { groupReady } from './support/group.ts';
import { settled } from './support/kernel.ts';
import { useLab } from './support/lab.ts';
import { createNetwork, runContainer } from './support/stack.ts';
import { closeStations, Station } from './support/station.ts';

const NETWORK = 'late';
const GROUP = '239.93.0.1';

const lab = useLab('late');
const stations: Station[] = [];
let agents: (number | undefined)[] = [];

const pids = (): Promise<(number | undefined)[]> => Promise.all(lab().hosts.map(agentPid));

async function settle(host: LabHost): Promise<void> {
  const container = await runContainer(host, { network: NETWORK, name: `late-${host.name}` });
  const station = await Station.start(container);
  await station.join(GROUP);
  stations.push(station);
}

beforeAll(async () => {
  agents = await pids();
  // From now on there is no Swarm, while the plugin's agents run.
  for (const host of [...lab().hosts].reverse()) {
    await host.docker(['swarm', 'leave', '--force'], { timeoutMs: 60_000 });
  }
});
afterAll(() => closeStations(stations));

it('a plugin that was installed before `docker swarm init` works in the Swarm without a restart', async () => {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  await formSwarm([h1, h2], { underlay: 'ipv4' });
  await createNetwork(lab(), NETWORK);
  for (const host of [h1, h2]) await settle(host);
  await groupReady(stations, GROUP);
  expect(await pids()).toEqual(agents);
});

it('a node that joins late works without a restart of anything', async () => {
  const [h1, , h3] = lab().hosts as [LabHost, LabHost, LabHost];
  await joinSwarm(h3, { first: h1, underlay: 'ipv4' });
  await settle(h3);
  await groupReady(stations, GROUP);
  await settled(lab(), NETWORK);
  for (const from of stations) {
    for (const to of stations.filter((it) => it !== from)) {
      await from.say({ to: to.container.ip, tag: 'unicast', count: 3 });
      await to.hears(from, { tag: 'unicast', count: 3 });
    }
  }
  expect(await pids()).toEqual(agents);
});
