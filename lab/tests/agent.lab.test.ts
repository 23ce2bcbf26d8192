/** The agent killed: the kernel goes on, and what happened meanwhile is made up for. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentOf } from '../../bench/agent.ts';
import { cpuSeconds } from '../../bench/counters.ts';
import { agentLog, healthy, hostReport, killAgent, killAgentAndHold } from '../kit/agent.ts';
import { filter } from '../kit/filter.ts';
import { settled, tunnelEntries } from '../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  vniOf,
} from '../kit/stack.ts';
import { closeStations, Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.81.0.1';
/** A group that is left, and one that is joined, while the agent is down. */
const LEFT = '239.81.0.2';
const JOINED = '239.81.0.3';
/** Packets per second. */
const RATE = 500;

const lab = useLab('agent');
let stations: Station[] = [];
let vni = 0;

beforeAll(async () => {
  await createNetwork(lab(), 'stream');
  const containers: Container[] = [];
  for (const host of lab().hosts) {
    containers.push(await runContainer(host, { network: 'stream', name: `stream-${host.name}` }));
  }
  vni = await vniOf(lab(), 'stream');
  await settled(lab(), 'stream');
  stations = await startStations(containers);
  await Promise.all(stations.map((it) => it.join(GROUP)));
  await groupReady(stations, GROUP);
});
afterAll(async () => {
  await closeStations(stations);
  await removeContainers(stations.map((it) => it.container));
  await removeNetwork(lab(), 'stream');
});

const on = (name: string): Station =>
  stations.find((it) => it.container.host.name === name) as Station;

/** Every other station heard every packet of the stream, once. */
async function expectWhole(from: Station, tag: string): Promise<void> {
  const sent = await from.stop(tag);
  for (const station of stations.filter((it) => it !== from)) {
    // All that will come has come when the last one has.
    await until(async () => (await station.heard(tag))[0]?.last === sent || undefined, {
      what: `the last packet at ${station.name}`,
      timeoutMs: 5_000,
    });
    const [heard] = await station.heard(tag);
    expect(heard, station.name).toMatchObject({ count: sent, doubles: 0, missing: [] });
  }
}

async function sentTo(group: string, address: string, from: string): Promise<boolean> {
  const parts = group.split('.').map(Number) as [number, number, number, number];
  const hex = parts.slice(1).map((it, at) => (at === 0 ? it & 127 : it).toString(16));
  const mac = `01:00:5e:${hex.map((it) => it.padStart(2, '0')).join(':')}`;
  const entries = await tunnelEntries(lab().host(from));
  return entries.some((it) => it.dev === `cx${vni}` && it.mac === mac && it.to === address);
}

it('an agent that has nothing to do does next to nothing', async () => {
  const restsOn = (host: LabHost) =>
    until(
      async () => {
        const { pid, proc } = await agentOf(host);
        const before = await cpuSeconds(pid, proc);
        await delay(3000);
        const used = (await cpuSeconds(pid, proc)) - before;
        // A tenth of a core; it is a hundredth on a machine without other load.
        if (used < 0.3) return true;
        throw new Error(`${used} s of 3`);
      },
      { what: `${host.name}: an agent at rest`, timeoutMs: 30_000 },
    );
  await Promise.all(lab().hosts.map(restsOn));
});

it.each([
  ['the sender’s', 'h1'],
  ['a receiver’s', 'h2'],
])(
  '%s agent killed under a stream and started again by Docker: not one packet is lost',
  async (_, name) => {
    const host = lab().host(name);
    const tag = `killed-${name}`;
    await on('h1').stream({ to: GROUP, tag, rate: RATE });
    await on('h2').hears(on('h1'), { tag, count: 100 });
    await killAgent(host);
    await settled(lab(), 'stream');
    // Past the new agent's first looks at the other hosts, which is when it may take things away.
    const heard = (await on('h2').heard(tag))[0]?.count ?? 0;
    await on('h2').hears(on('h1'), { tag, count: heard + 5 * RATE });
    await expectWhole(on('h1'), tag);
  },
);

it('the namespace removed by hand is there again at once, and not one packet is lost', async () => {
  const h2 = lab().host('h2');
  const warnings = () => agentLog(h2, 'the namespace castnet was taken from its path');
  const before = (await warnings()).length;
  await on('h1').stream({ to: GROUP, tag: 'removed', rate: RATE });
  await on('h2').hears(on('h1'), { tag: 'removed', count: 100 });
  await mustRun(h2.enter(['ip', 'netns', 'del', 'castnet']));
  await until(async () => (await warnings()).length > before || undefined, {
    what: 'the agent to tell of it',
    timeoutMs: 2_000,
    everyMs: 20,
  });
  const later = await runContainer(h2, { network: 'stream', name: 'stream-later' });
  await settled(lab(), 'stream');
  await removeContainers([later]);
  await settled(lab(), 'stream');
  await expectWhole(on('h1'), 'removed');
});

/** The hosts that a host's Engine counts to the network, by its gossip. */
async function listed(host: LabHost): Promise<number> {
  const path = '/networks/stream';
  const { Peers } = await host.api<{ Peers: unknown[] | null }>('GET', path);
  return Peers?.length ?? 0;
}

it('an agent killed while Docker’s gossip has lost another host: not one packet is lost', async () => {
  const h1 = lab().host('h1');
  const h2 = lab().host('h2');
  const lists = (count: number) =>
    until(async () => (await listed(h2)) === count || undefined, {
      what: `h2's Engine listing ${count} hosts`,
      timeoutMs: 90_000,
      everyMs: 200,
    });
  const gossip = ['meta l4proto { tcp, udp } th dport 7946 drop'];
  const unfilter = await filter(h1, { input: gossip, output: gossip });
  try {
    await lists(2);
    await on('h2').stream({ to: GROUP, tag: 'unlisted', rate: RATE });
    await on('h1').hears(on('h2'), { tag: 'unlisted', count: 100 });
    await killAgent(h2);
    await settled(lab(), 'stream');
    const heard = (await on('h1').heard('unlisted'))[0]?.count ?? 0;
    await on('h1').hears(on('h2'), { tag: 'unlisted', count: heard + 5 * RATE });
    await expectWhole(on('h2'), 'unlisted');
  } finally {
    await unfilter();
  }
  await lists(lab().hosts.length);
}, 240_000);

it('an agent started again while the Swarm’s leader is silent hears the other hosts', async () => {
  type Node = { Status: { State: string; Addr: string }; ManagerStatus?: { Leader?: boolean } };
  const nodesOf = (host: LabHost) => host.api<Node[]>('GET', '/nodes');
  const nodes = await nodesOf(lab().host('h1'));
  const leads = (host: LabHost) =>
    nodes.some((it) => it.ManagerStatus?.Leader && it.Status.Addr === host.address);
  const host = lab().hosts.find((it) => !leads(it)) as LabHost;
  const others = lab().hosts.filter((it) => it !== host);
  const signal = (name: 'SIGSTOP' | 'SIGCONT') =>
    Promise.all(others.map((it) => it.killEngine(name)));
  await signal('SIGSTOP');
  try {
    await killAgent(host);
    await until(
      async () => {
        const { peers } = await hostReport(host);
        return peers.filter((it) => it.state === 'up').length === others.length || undefined;
      },
      { what: `${host.name} hearing the others`, timeoutMs: 5_000 },
    );
  } finally {
    await signal('SIGCONT');
  }
  await until(
    async () => (await nodesOf(host)).every((it) => it.Status.State === 'ready') || undefined,
    { what: 'all nodes ready', timeoutMs: 90_000, everyMs: 200 },
  );
  await settled(lab(), 'stream');
}, 180_000);

it('what changes while the agent is down is applied when it is back, and the stream is whole', async () => {
  const h1 = lab().host('h1');
  const h2 = lab().host('h2');
  await on('h1').join(LEFT);
  await until(async () => (await sentTo(LEFT, h1.address, 'h2')) || undefined, {
    what: 'h2 sending the group to h1',
    timeoutMs: 5_000,
  });
  await on('h2').stream({ to: GROUP, tag: 'down', rate: RATE });
  await on('h1').hears(on('h2'), { tag: 'down', count: 100 });
  const { resume } = await killAgentAndHold(h1);

  await on('h1').join(JOINED);
  await on('h1').leave(LEFT);
  const guest = await runContainer(h2, { network: 'stream', name: 'stream-guest' });
  await expect(healthy(lab(), { withinMs: 100 })).rejects.toThrow('h1: an empty plan');
  expect(await sentTo(JOINED, h1.address, 'h2')).toBe(false);
  await resume();

  await until(async () => (await sentTo(JOINED, h1.address, 'h2')) || undefined, {
    what: 'h2 sending the joined group to h1',
    timeoutMs: 10_000,
  });
  await until(async () => !(await sentTo(LEFT, h1.address, 'h2')) || undefined, {
    what: 'h2 sending the left group to h1 no more',
    timeoutMs: 10_000,
  });
  await settled(lab(), 'stream');
  const station = await Station.start(guest);
  await on('h1').say({ to: guest.ip, tag: 'to-guest', count: 5 });
  await station.hears(on('h1'), { tag: 'to-guest', count: 5 });
  await on('h2').say({ to: JOINED, tag: 'joined', count: 5 });
  await on('h1').hears(on('h2'), { tag: 'joined', count: 5 });
  await expectWhole(on('h2'), 'down');
  await station.close();
  await removeContainers([guest]);
});
