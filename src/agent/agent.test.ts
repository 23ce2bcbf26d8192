import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { explain, type Step } from '../core/forwarding/difference.ts';
import type { Fact } from '../core/forwarding/facts.ts';
import type { HostRecord, NetworkRecord } from '../core/records.ts';
import { Agent } from './agent.ts';
import { Faults } from './faults.ts';
import { State } from './state.ts';
import { type PeerView, type Sessions, SwarmLink } from './swarm-link.ts';

const NETWORK = 'k7xq2m9v0c4bz8n1t5r3w6y2d';
const ENDPOINT = 'e'.repeat(64);
const VNI = 8_000_001;
const GROUP = '239.1.1.1';
const log = { debug() {}, info() {}, warn() {}, error() {} };

let directory: string;
/** What is off does nothing but take away what is left of it. */
const unasked = async (): Promise<never> => {
  throw new Error('not to be called');
};
const noFastPath = {
  try: unasked,
  load: unasked,
  look: unasked,
  write: unasked,
  tallies: unasked,
  readWays: unasked,
};

let agent: Agent;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(() => {
  agent.close();
  rmSync(directory, { recursive: true });
});

/** A host whose kernel, Docker and peers are in memory. */
async function host(routes: { to: string; dev: string }[] = []) {
  const facts = new Map<string, Fact>();
  const steps: string[] = [];
  const published: HostRecord[] = [];
  const peers: PeerView[] = [];
  const calls: string[] = [];
  const gone = new Set<string>();
  const sessions: Sessions = {
    node: 'own',
    setPeers: (addresses) => void calls.push(`peers ${[...addresses].join()}`),
    setWanted: (networks) => void calls.push(`wanted ${[...networks].join()}`),
    views: () => peers,
    listeners: () => 0,
    publish: (record) => void published.push(record),
    mark: () => 0,
    confirmed: () => new Map(),
    setNodes: () => {},
    review: () => void calls.push('review'),
    readmit: () => {},
    poke: () => {},
    ask: async () => undefined,
    secret: () => undefined,
    close: async () => {},
  };
  const link = new SwarmLink({ identity: async () => 'own', log });
  link.openBy(async () => sessions);
  const now = () => performance.now();
  const none = { read: async () => undefined, write: async () => {} };
  agent = new Agent({
    state: new State(directory),
    fast: { setting: 'off', kernel: { ...noFastPath, remove: async () => {} } },
    kernel: {
      observe: async () => ({ facts: [...facts.values()], memberships: [] }),
      apply: async (list: readonly Step[]) => {
        steps.push(...list.map(explain));
        return [];
      },
      createPort: async () => {},
      deletePort: async () => {},
      flushPort: async () => {},
    },
    findTunnel: async () => ({ address: '10.9.0.1', port: 4789, mtu: 1450 }),
    hasIpv6: () => true,
    hostVxlans: async () => [],
    hostRoutes: async () => routes,
    ownAddresses: () => ['10.9.0.1'],
    link,
    sandboxes: {
      identity: (path) => (gone.has(path) ? undefined : 'a'),
      applyRules: async (path) => void calls.push(`rules ${path}`),
      listTables: async () => undefined,
      untracked: false,
      appears: async () => true,
      unanswered: async () => [],
      routes: { read: async () => ({ links: [], routes: [] }), change: async () => {} },
    },
    guards: {
      table: none,
      canLockPorts: async () => true,
      tunnels: {
        port: 4789,
        untracked: true,
        table: none,
        readUnderlay: async () => ({ links: [], ways: [], defaults: [] }),
      },
    },
    encryption: {
      port: 51890,
      renewMs: 120_000,
      renewKeyMs: 86_400_000,
      device: {
        carrier: undefined,
        observe: async () => undefined,
        make: async () => Promise.reject(new Error('this kernel has no WireGuard')),
        apply: async () => [],
        remove: async () => {},
        prepareKey: () => '',
        changeKey: async () => {},
        onGone: () => {},
      },
    },
    log,
    faults: new Faults({ log, now, timeOfDay: Date.now }),
    now,
    timeOfDay: Date.now,
    certificate: () => undefined,
    peerPort: 4790,
    version: '0',
  });
  await agent.tick();
  swarm('10.9.0.1');
  return { steps, published, peers, calls, gone };
}

/** What Docker says: one network, with these hosts. */
function swarm(...hosts: string[]): void {
  const network = { id: NETWORK, name: 'n', vni: VNI, hosts, containers: new Map() };
  const networks = new Map([[NETWORK, network]]);
  agent.onSwarmView({ networks, unanswered: new Set(), nodes: new Set(['own', 'other']) });
}

/** What Docker calls when a container comes to its first network of castnet. */
async function container(): Promise<void> {
  const { driver } = agent;
  await driver.createNetwork({ id: NETWORK, options: { vni: String(VNI) }, subnet: '10.0.1.0/24' });
  const endpoint = { network: NETWORK, id: ENDPOINT };
  await driver.createEndpoint({ ...endpoint, address: '10.0.1.5/24' });
  await driver.join({ ...endpoint, sandbox: '/run/netns/a' });
}

const record = (more: Partial<NetworkRecord> = {}): NetworkRecord => ({
  vni: VNI,
  endpoints: [{ id: 'f'.repeat(64), ip: '10.0.1.6', mac: '02:42:0a:00:01:06' }],
  groups: [],
  ...more,
});

const view = (networks: PeerView['networks']): PeerView => ({
  address: '10.9.0.2',
  node: 'other',
  tunnel: '10.9.0.2',
  state: 'up',
  since: 0,
  networks,
  awaited: false,
});

it('a container that Docker brings has its devices, and the other hosts are told of it', async () => {
  const { steps, published, calls } = await host();
  await container();
  expect(steps.some((it) => it.includes(`cx${VNI}`))).toBe(true);
  expect(calls).toContain(`wanted ${NETWORK}`);
  await vi.waitFor(() => {
    const told = published.at(-1)?.networks.get(NETWORK);
    expect(told?.endpoints.map((it) => it.ip)).toEqual(['10.0.1.5']);
  });
});

it('a container whose namespace is gone has no port any more, and the other hosts are told', async () => {
  const { steps, published, gone } = await host();
  await container();
  const { garbage } = agent.rooms;
  garbage.dropWithoutNamespace();
  gone.add('/run/netns/a');
  garbage.dropWithoutNamespace();
  garbage.dropWithoutNamespace();
  await vi.waitFor(() => {
    expect(published.at(-1)?.networks.get(NETWORK)?.endpoints).toEqual([]);
    expect(steps.some((it) => it.startsWith('remove: ') && it.includes('cveeee'))).toBe(true);
  });
});

it('what another host says becomes forwarding and rules of the containers', async () => {
  const { steps, peers, calls } = await host();
  await container();
  const service = { name: 'web', vip: '10.0.1.2', serving: true };
  const [endpoint] = record().endpoints;
  const groups = [{ group: GROUP, mode: 'exclude' as const, sources: [] }];
  const said = record({
    endpoints: [{ ...(endpoint as NonNullable<typeof endpoint>), service }],
    groups,
  });
  peers.push(view(new Map([[NETWORK, said]])));
  agent.rooms.host.emit('peers');
  await vi.waitFor(() => {
    expect(steps.some((it) => it.includes('02:42:0a:00:01:06') && it.includes('10.9.0.2'))).toBe(
      true,
    );
    expect(steps.some((it) => it.includes(GROUP))).toBe(true);
    expect(calls).toContain('rules /run/netns/a');
  });
});

it('an encrypted network that the host can have no WireGuard for is refused, and nothing of it stays', async () => {
  const { steps, published } = await host();
  const made = agent.driver.createNetwork({
    id: NETWORK,
    options: { vni: String(VNI), encrypted: '' },
    subnet: '10.0.1.0/24',
  });
  await expect(made).rejects.toThrow('option encrypted: this kernel has no WireGuard');
  expect(steps.filter((it) => it.includes(String(VNI)))).toEqual([]);
  expect(agent.rooms.host.state.networks.size).toBe(0);
  expect(published.flatMap((it) => [...it.networks.keys()])).toEqual([]);
});

it('a group that a container joins is told to the other hosts', async () => {
  const { published } = await host();
  await container();
  const bridge = `cb${VNI}`;
  const port = `cv${ENDPOINT.slice(0, 13)}`;
  agent.onMembers({
    gone: false,
    row: { bridge, port, group: GROUP, mode: 'exclude', sources: [] },
  } as never);
  await vi.waitFor(() =>
    expect(
      published
        .at(-1)
        ?.networks.get(NETWORK)
        ?.groups.map((it) => it.group),
    ).toEqual([GROUP]),
  );
});

it('a host that listens before Docker lists it counts as a peer, and Docker is asked', async () => {
  const { calls } = await host();
  let asked = 0;
  agent.rooms.host.on('question', () => {
    asked += 1;
  });
  await agent.onSubscriber('10.9.0.7', ['10.9.0.7']);
  expect(calls).toContain('peers 10.9.0.7');
  expect(asked).toBe(1);
});

it('a network that Docker lists with another host makes that a peer', async () => {
  const { calls } = await host();
  await container();
  swarm('10.9.0.1', '10.9.0.3');
  expect(calls).toContain('peers 10.9.0.3');
  expect(calls).toContain('review');
  expect(agent.rooms.peers.isMember('own')).toBe(true);
  expect(agent.rooms.peers.isMember('stranger')).toBe(false);
});

describe('an address for the host itself', () => {
  const options = { expose: 'host' };
  const own = { network: NETWORK, id: ENDPOINT, address: '10.0.1.250/24', options };
  const network = { id: NETWORK, options: { vni: String(VNI) }, subnet: '10.0.1.0/24' };
  const ready = async (routes: { to: string; dev: string }[] = []) => {
    const world = await host(routes);
    await agent.driver.createNetwork(network);
    await agent.driver.createEndpoint(own);
    return world;
  };

  it('is a link in its own namespace, and Docker is told of no interface', async () => {
    const { steps, published } = await ready();
    expect(steps).toContain(`add: the host’s own link castnet${VNI} with 10.0.1.250/24, MTU 1450`);
    const endpoint = { network: NETWORK, id: ENDPOINT, sandbox: '/run/netns/holder' };
    expect(await agent.driver.join(endpoint)).toEqual({
      DisableGatewayService: true,
      StaticRoutes: [],
    });
    const [told] = agent.report().networks[0]?.endpoints ?? [];
    expect(told).toMatchObject({ address: '10.0.1.250/24', exposed: `castnet${VNI}` });
    await vi.waitFor(() => {
      const record = published.at(-1)?.networks.get(NETWORK);
      expect(record?.endpoints.map((it) => it.ip)).toEqual(['10.0.1.250']);
    });
  });

  it('goes with the container that holds it, whether Docker says so or not', async () => {
    const { steps, gone } = await ready();
    await agent.driver.join({ network: NETWORK, id: ENDPOINT, sandbox: '/run/netns/holder' });
    agent.rooms.garbage.dropWithoutNamespace();
    gone.add('/run/netns/holder');
    agent.rooms.garbage.dropWithoutNamespace();
    agent.rooms.garbage.dropWithoutNamespace();
    await vi.waitFor(() => {
      expect(steps.some((it) => it.startsWith(`remove: the host’s own link castnet${VNI}`))).toBe(
        true,
      );
    });
    expect(agent.rooms.exposures.links()).toEqual([]);
  });

  it('is not the host’s where it would lose a route of its own', async () => {
    const { steps, published } = await ready([{ to: '10.0.1.0/24', dev: 'eth0' }]);
    expect(steps.some((it) => it.includes('own link'))).toBe(false);
    const [it] = agent.rooms.exposures.endpoints();
    expect(it && agent.rooms.exposures.lack(it)).toContain('a route to 10.0.1.0/24 by eth0');
    await vi.waitFor(() => {
      expect(published.at(-1)?.networks.get(NETWORK)?.endpoints).toEqual([]);
    });
  });

  it('is one on a network, until its holder is gone', async () => {
    const { gone } = await ready();
    await agent.driver.join({ network: NETWORK, id: ENDPOINT, sandbox: '/run/netns/holder' });
    const next = { ...own, id: 'd'.repeat(64), address: '10.0.1.251/24' };
    await agent.driver.createEndpoint(next);
    const second = () => agent.rooms.exposures.endpoints().find((it) => it.id === next.id);
    expect(second()?.barred).toContain('this host has 10.0.1.250/24 on the network already');
    await agent.driver.deleteEndpoint(NETWORK, next.id);
    gone.add('/run/netns/holder');
    await agent.driver.createEndpoint(next);
    expect(second()?.barred).toBeUndefined();
  });
});
