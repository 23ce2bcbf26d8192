/** The plugin is there before the Swarm, or before its node joins: nobody has to restart it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentLog, agentPid, hostReport } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import { createNetwork, runContainer } from '../kit/stack.ts';
import { closeStations, Station } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { leaveSwarm } from '../swarm.ts';
import { castnetOn } from './support/command.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';

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

/** The line that `docker swarm init` prints for the others, as it is: nothing in it names their address. */
let joinLine: string[] = [];

async function settleTunnel(host: LabHost): Promise<void> {
  await until(
    async () => {
      const { tunnel, problem } = await hostReport(host);
      if (problem !== undefined) throw new Error(problem);
      return tunnel?.address === host.address || undefined;
    },
    { what: `${host.name}: its address as the tunnel’s`, timeoutMs: 30_000 },
  );
}

beforeAll(async () => {
  agents = await pids();
  // From now on there is no Swarm, while the plugin's agents run.
  for (const host of [...lab().hosts].reverse()) {
    await leaveSwarm(host);
  }
});
afterAll(() => closeStations(stations));

it('castnet status on a host without a tunnel address says so within seconds, and not that all is well', async () => {
  const [h1] = lab().hosts as [LabHost];
  const said = await until(
    async () => {
      const { stdout } = await castnetOn(h1, ['status']);
      if (stdout.includes('this host is in no Swarm')) return stdout;
      throw new Error(stdout);
    },
    { what: 'a status that names the missing Swarm', timeoutMs: 15_000, everyMs: 200 },
  );
  expect(said).not.toContain('Everything is well');
});

it('a plugin that was installed before `docker swarm init` works in the Swarm without a restart', async () => {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  const printed = await h1.docker(['swarm', 'init'], { timeoutMs: 60_000 });
  joinLine = /docker (swarm join --token \S+ \S+)/.exec(printed)?.[1]?.split(' ') ?? [];
  await h2.docker(joinLine, { timeoutMs: 60_000 });
  await createNetwork(lab(), NETWORK);
  for (const host of [h1, h2]) await settle(host);
  await groupReady(stations, GROUP);
  expect(await pids()).toEqual(agents);
});

it('a node that joins late, by the line that `docker swarm init` prints, works without a restart', async () => {
  const [, , h3] = lab().hosts as [LabHost, LabHost, LabHost];
  await h3.docker(joinLine, { timeoutMs: 60_000 });
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

it('all hosts take their packets at the addresses by which they joined, and none counts itself as a peer', async () => {
  for (const host of lab().hosts) await settleTunnel(host);
  for (const host of lab().hosts) {
    const { peers } = await hostReport(host);
    expect(peers.map((it) => it.address).sort(), host.name).toEqual(
      lab()
        .hosts.filter((it) => it !== host)
        .map((it) => it.address),
    );
  }
});

it('an Engine that is started again, whose API does not answer at first, has its address at once', async () => {
  const [, h2] = lab().hosts as [LabHost, LabHost];
  const before = await agentLog(h2, 'no tunnel address');
  await h2.killEngine('SIGTERM');
  await h2.startEngine();
  await h2.waitEngine();
  await settleTunnel(h2);
  expect(await agentLog(h2, 'no tunnel address')).toEqual(before);
});
