import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  explainStep,
  type FoundPeer,
  type WireguardFound,
  type WireguardStep,
} from '../core/encryption/wireguard.ts';
import type { NetworkRecord } from '../core/records.ts';
import { Encryption, type WireguardDevice } from './encryption.ts';
import { Host } from './host.ts';
import { PairSecrets } from './pair-secrets.ts';
import { State } from './state.ts';
import { type PeerView, type Sessions, SwarmLink } from './swarm-link.ts';

const VNI = 8_000_001;
const DAY_MS = 86_400_000;
const log = { debug() {}, info() {}, warn() {}, error() {} };
const NET = { id: 'net', vni: VNI, options: { encrypted: true } };

let directory: string;
const closing: (() => void)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
  rmSync(directory, { recursive: true });
});

/** A device in memory, that does as the kernel does. */
function device(found?: WireguardFound) {
  const calls: string[] = [];
  let at = found;
  /** A key goes with its interface only when that was taken away on purpose. */
  let removed = 0;
  const fake = {
    ...{ calls, fails: '', refuses: '', carrier: 'kernel' as const },
    get found() {
      return at;
    },
    lose: () => {
      at = undefined;
    },
    /** As if all its handshakes had been at that time. */
    shake: (handshake: number) => {
      if (at !== undefined) at = { ...at, peers: at.peers.map((it) => ({ ...it, handshake })) };
    },
    observe: async () => at,
    make: async () => {
      if (fake.fails !== '') throw new Error(fake.fails);
      calls.push('make');
      at = {
        key: removed > 0 ? `own${removed}` : 'own',
        port: 0,
        mtu: 0,
        addresses: [],
        settled: false,
        peers: [],
      };
    },
    apply: async (steps: readonly WireguardStep[]) => {
      for (const step of steps) {
        calls.push(explainStep(step));
        if (at === undefined) continue;
        const others = at.peers.filter((it) => !('key' in step) || it.key !== step.key);
        if (step.action === 'settle')
          at = { ...at, ...step.to, addresses: [step.to.address], settled: true };
        if (step.action === 'remove') at = { ...at, peers: others };
        if (step.action === 'add') at = { ...at, peers: [...at.peers, peerOf(step.peer)] };
      }
      return fake.refuses === '' ? [] : [fake.refuses];
    },
    remove: async () => {
      calls.push('removed');
      removed += 1;
      at = undefined;
    },
    prepareKey: () => 'next',
    changeKey: async (secrets: readonly { key: string; secret: string }[]) => {
      calls.push(`change the key, with ${secrets.map((it) => it.secret).join()}`);
      if (at === undefined) return;
      const given = new Map(secrets.map((it) => [it.key, it.secret]));
      const peers = at.peers.map((it) => ({ ...it, secret: given.get(it.key) ?? '' }));
      at = { ...at, key: 'next', peers };
    },
    onGone: () => {},
  };
  return fake satisfies WireguardDevice;
}

const peerOf = ({ key, secret, address }: { key: string; secret: string; address: string }) =>
  ({ key, secret, addresses: [address], handshake: 0 }) satisfies FoundPeer;

type Of = { device?: ReturnType<typeof device>; sealed?: boolean; now?: () => number };

async function encryption(of: Of = {}) {
  const peers: PeerView[] = [];
  const asked: string[] = [];
  const sessions = {
    node: 'a',
    views: () => peers,
    secret: (_peer: string, context: string) => `of ${context.split(' ').at(-1)}`,
    ask: async (peer: string) => void asked.push(peer),
  } as unknown as Sessions;
  const link = new SwarmLink({ identity: async () => 'a', log });
  link.openBy(async () => sessions);
  await link.refresh();
  const state = new State(directory);
  const now = of.now ?? (() => performance.now());
  const host = new Host({ state, link, ownAddresses: () => ['10.9.0.1'], now });
  host.tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };
  host.swarm = { networks: new Map(), unanswered: new Set() } as unknown as typeof host.swarm;
  const wireguard = of.device ?? device();
  const secrets = new PairSecrets({ sessions: () => sessions, renewMs: 60_000, log, now });
  const made = new Encryption({
    ...{ host, device: wireguard, secrets, port: 51890, log, timeOfDay: Date.now, now },
    isSealed: () => of.sealed ?? true,
    renewKeyMs: DAY_MS,
  });
  closing.push(() => made.close());
  return { encryption: made, wireguard, host, peers, asked, secrets };
}

const has = (encrypted = true): NetworkRecord => ({
  ...{ vni: VNI, endpoints: [], groups: [] },
  ...(encrypted ? { encrypted } : {}),
});
const peer = (n: number, change: Partial<PeerView> = {}): PeerView => ({
  ...{ address: `10.9.0.${n}`, tunnel: `10.9.0.${n}`, node: `node${n}`, state: 'up' as const },
  ...{ since: 0, awaited: false, wireguard: { key: `key${n}`, port: 51890 } },
  networks: new Map([['net', has()]]),
  ...change,
});

it('a host without an encrypted network has nothing to do with it', async () => {
  const { encryption, wireguard, host } = await plainHost();
  await encryption.loop.request(true);
  expect(wireguard.calls).toEqual([]);
  expect(host.wireguard).toBeUndefined();
  expect(encryption.report()).toBeUndefined();
  expect(encryption.lacking()).toEqual([]);
});

async function plainHost() {
  const made = await encryption();
  made.host.state.networks.set({ id: 'plain', vni: VNI + 1, options: {} });
  return made;
}

describe('a network’s tunnel stays closed', () => {
  it('until the interface is there, with its address', async () => {
    const { encryption: it, wireguard, host } = await encryption();
    host.state.networks.set(NET);
    expect(it.isOpen(NET)).toBe(false);
    expect(await it.prepare(VNI)).toBe('');
    expect(it.isOpen(NET)).toBe(true);
    expect(wireguard.calls).toEqual([
      'make',
      'change: WireGuard takes packets at 10.9.0.1:51890, MTU 1440',
    ]);
    expect(host.wireguard).toEqual({ key: 'own', port: 51890 });
  });

  it('where the host can have no interface, and the reason is told', async () => {
    const wireguard = device();
    wireguard.fails = 'this kernel has no WireGuard';
    const { encryption: it, host } = await encryption({ device: wireguard });
    host.state.networks.set(NET);
    expect(await it.prepare(VNI)).toBe('this kernel has no WireGuard');
    expect(it.isOpen(NET)).toBe(false);
    expect(it.lacking()).toEqual(['this kernel has no WireGuard']);
    expect(host.wireguard).toBeUndefined();
  });

  it('where the rules against packets in clear are not in force', async () => {
    const { encryption: it, host } = await encryption({ sealed: false });
    host.state.networks.set(NET);
    expect(await it.prepare(VNI)).toContain('rules');
    expect(it.isOpen(NET)).toBe(false);
  });

  it('where the interface is refused its address', async () => {
    const wireguard = device();
    const { encryption: it, host } = await encryption({ device: wireguard });
    wireguard.apply = async () => ['the kernel says no'];
    host.state.networks.set(NET);
    expect(await it.prepare(VNI)).toBe('the kernel says no');
    expect(it.isOpen(NET)).toBe(false);
  });

  it('never where the network is in clear', async () => {
    const { encryption: it } = await encryption({ sealed: false });
    expect(it.isOpen({ ...NET, options: {} })).toBe(true);
  });
});

describe('peers are', () => {
  it('exactly the hosts that share an encrypted network, once a secret is agreed on', async () => {
    const { encryption: it, wireguard, host, peers, asked } = await encryption();
    host.state.networks.set(NET);
    const { wireguard: _, ...old } = peer(4);
    peers.push(peer(2), peer(3, { networks: new Map() }), old);
    await it.prepare(VNI);
    await it.settled();
    expect(asked).toEqual(['10.9.0.2']);
    expect(wireguard.found?.peers.map((one) => one.addresses)).toEqual([['10.9.0.2']]);
    expect(it.lacking()).toEqual([expect.stringContaining('host 10.9.0.4')]);
  });

  it('not those whose secret is not agreed on: nothing is sent to them', async () => {
    const { encryption: it, wireguard, host, peers } = await encryption();
    host.state.networks.set(NET);
    // This host's node id is lower, so the other asks, and has not yet.
    peers.push(peer(2, { node: 'Z' }));
    await it.prepare(VNI);
    await it.loop.request();
    expect(wireguard.found?.peers).toEqual([]);
  });

  it('no more, as soon as their host has gone', async () => {
    const { encryption: it, wireguard, host, peers } = await encryption();
    host.state.networks.set(NET);
    peers.push(peer(2));
    await it.prepare(VNI);
    await it.settled();
    expect(wireguard.found?.peers).toHaveLength(1);
    peers.length = 0;
    host.emit('peers');
    await vi.waitFor(() => expect(wireguard.found?.peers).toEqual([]));
  });

  it('kept by a new agent, with their secrets, until it has heard all hosts', async () => {
    const found = {
      ...{ key: 'own', port: 51890, mtu: 1440, addresses: ['10.9.0.1'], settled: true },
      peers: [
        { key: 'key2', secret: 's2', addresses: ['10.9.0.2'], handshake: 1 },
        { key: 'key3', secret: 's3', addresses: ['10.9.0.3'], handshake: 1 },
      ],
    };
    const {
      encryption: it,
      wireguard,
      host,
      peers,
      asked,
      secrets,
    } = await encryption({
      device: device(found),
    });
    host.state.networks.set(NET);
    peers.push(peer(2, { state: 'connecting', networks: new Map() }));
    await it.loop.request(true);
    expect(wireguard.calls).toEqual([]);
    expect(secrets.get('own', 'key2')).toBe('s2');
    peers.splice(0, 1, peer(2));
    host.restart.found([]);
    host.emit('peers');
    await vi.waitFor(() =>
      expect(wireguard.calls).toEqual(['remove: the WireGuard peer with key key3']),
    );
    expect(asked).toEqual([]);
  });
});

it('an interface that was removed is made again, with its peers', async () => {
  const { encryption: it, wireguard, host, peers } = await encryption();
  host.state.networks.set(NET);
  peers.push(peer(2));
  await it.prepare(VNI);
  await it.settled();
  wireguard.lose();
  await it.loop.request(true);
  expect(wireguard.found?.peers.map((one) => one.key)).toEqual(['key2']);
  expect(it.isOpen(NET)).toBe(true);
});

it('another key is told first, and in force when all others have agreed on a secret for it', async () => {
  let now = 0;
  const { encryption: it, wireguard, host, peers } = await encryption({ now: () => now });
  host.state.networks.set(NET);
  peers.push(peer(2, { state: 'agent-down' }));
  await it.prepare(VNI);
  await vi.waitFor(() => expect(wireguard.found?.peers).toHaveLength(1));
  now = DAY_MS - 1;
  await it.loop.request();
  expect(host.wireguard).toEqual({ key: 'own', port: 51890 });
  now = DAY_MS;
  // The agent of the peer does not speak, and would not hear of it.
  for (let turn = 0; turn < 5; turn++) await it.loop.request();
  expect(host.wireguard).toEqual({ key: 'own', port: 51890, next: 'next' });
  peers.splice(0, 1, peer(2));
  wireguard.shake(1);
  now += 1_000;
  await vi.waitFor(async () => {
    await it.loop.request(true);
    expect(host.wireguard).toEqual({ key: 'next', port: 51890 });
  });
  expect(wireguard.calls.filter((one) => one.startsWith('change the key'))).toHaveLength(1);
  expect(wireguard.calls.filter((one) => one.startsWith('remove'))).toEqual([]);
  expect(wireguard.found?.peers.map((one) => one.key)).toEqual(['key2']);
});

it('a host whose clock was set back makes another key, by which others take its handshakes again', async () => {
  const { encryption: it, wireguard, host, peers } = await encryption();
  host.state.networks.set(NET);
  peers.push(peer(2));
  await it.prepare(VNI);
  await it.settled();
  wireguard.shake(Date.now() - 1_000);
  await it.loop.request(true);
  expect(host.wireguard?.key).toBe('own');
  wireguard.shake(Date.now() + 3_600_000);
  await it.loop.request(true);
  expect(host.wireguard?.key).toBe('own1');
  await vi.waitFor(() => expect(wireguard.found?.peers.map((one) => one.key)).toEqual(['key2']));
  expect(it.isOpen(NET)).toBe(true);
  expect(it.lacking()).toEqual([]);
});

it('with the last encrypted network the interface goes, and the host tells no key', async () => {
  const { encryption: it, wireguard, host } = await encryption();
  host.state.networks.set(NET);
  await it.prepare(VNI);
  host.state.networks.delete('net');
  await it.loop.request();
  expect(wireguard.calls.at(-1)).toBe('removed');
  expect(host.wireguard).toBeUndefined();
  expect(it.isOpen(NET)).toBe(false);
});
