import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fact } from '../core/forwarding/facts.ts';
import type { NetworkRecord } from '../core/records.ts';
import {
  allHeard,
  desiredInput,
  desiredServices,
  hostRecord,
  type Knowledge,
  peerAddresses,
  unconfirmed,
} from './knowledge.ts';
import { State } from './state.ts';
import type { PeerView } from './swarm-link.ts';

let directory: string;
let state: State;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
  state = new State(directory);
  state.networks.set({ id: 'net-a', vni: 8_000_001, options: {} });
});
afterEach(() => rmSync(directory, { recursive: true }));

const tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };

const swarm = (...hosts: string[]) => ({
  networks: new Map([['net-a', { id: 'net-a', name: 'mynet', hosts, containers: new Map() }]]),
  unanswered: new Set<string>(),
});

const peer = (view: Partial<PeerView>): PeerView => ({
  address: '10.9.0.2',
  tunnel: '10.9.0.2',
  state: 'up',
  since: 0,
  networks: new Map(),
  awaited: false,
  ...view,
});

const know = (rest: Partial<Knowledge>): Knowledge => ({
  state,
  node: 'me',
  tunnel,
  swarm: swarm('10.9.0.1', '10.9.0.2'),
  peers: [],
  memberships: () => [],
  silenced: () => [],
  ephemeral: [],
  ephemeralNetworks: [],
  ...rest,
});

describe('every host was heard', () => {
  it.each([
    ['once a peer has said what it has', know({}), [peer({})], true],
    ['once a peer is silent', know({}), [peer({ state: 'silent', awaited: true })], true],
    ['not before a peer has spoken of every network', know({}), [peer({ awaited: true })], false],
    ['not while a peer is tried', know({}), [peer({ state: 'connecting' })], false],
    [
      'not while a peer’s agent is down and was never heard',
      know({}),
      [peer({ state: 'agent-down', awaited: true })],
      false,
    ],
  ])('%s', (_, knowledge, peers, expected) => {
    expect(allHeard({ ...knowledge, state, peers })).toBe(expected);
  });

  it('not before Docker has answered, nor before this host has sessions', () => {
    expect(allHeard(know({ swarm: undefined }))).toBe(false);
    const unanswered = new Set(['net-b']);
    expect(allHeard(know({ swarm: { ...swarm('10.9.0.2'), unanswered } }))).toBe(false);
    expect(allHeard(know({ node: undefined }))).toBe(false);
  });
});

describe('what an earlier agent left', () => {
  const left: Fact = { kind: 'copy', dev: 'cx8000001', mac: '01:00:5e:01:01:01', to: '10.9.0.2' };

  const staying = (rest: Partial<Knowledge>) => desiredInput(know(rest), [left])?.stale ?? [];

  it('stays while its host was not heard', () => {
    expect(staying({ peers: [peer({ state: 'connecting' })] })).toContainEqual(left);
    expect(staying({ node: undefined })).toContainEqual(left);
  });

  it('goes once its host was heard and says otherwise', () => {
    expect(staying({ peers: [peer({})] })).toEqual([]);
  });
});

it('a host that has networks but no address changes nothing', () => {
  expect(desiredInput(know({ tunnel: undefined }), [])).toBeUndefined();
  state.networks.clear();
  expect(desiredInput(know({ tunnel: undefined }), [])).toMatchObject({ networks: [] });
});

it('a host without sessions or address tells nothing of itself', () => {
  expect(hostRecord(know({ node: undefined }))).toBeUndefined();
  expect(hostRecord(know({ tunnel: undefined }))).toBeUndefined();
  expect(hostRecord(know({}))?.networks.get('net-a')).toMatchObject({ vni: 8_000_001 });
});

it('of two endpoints with one address a host tells the later one', () => {
  const endpoint = { network: 'net-a', address: '10.0.1.5/24', mac: '02:42:0a:00:01:05', since: 0 };
  for (const id of ['e1', 'e2']) state.endpoints.set({ ...endpoint, id });
  const record = hostRecord(know({}))?.networks.get('net-a');
  expect(record?.endpoints.map((it) => it.id)).toEqual(['e2']);
});

describe('the hosts to listen to', () => {
  const nobody = { own: ['10.9.0.1'], unlisted: [] };

  it('are those that Docker lists, but not this one', () => {
    expect(peerAddresses(know({}), nobody)).toEqual(new Set(['10.9.0.2']));
  });

  it('are also one that speaks to us though Docker lost it, until it falls silent', () => {
    const networks = new Map([['net-a', {} as NetworkRecord]]);
    const speaking = peer({ address: '10.9.0.3', networks });
    const knowledge = know({ swarm: swarm(), peers: [speaking] });
    expect(peerAddresses(knowledge, nobody)).toEqual(new Set(['10.9.0.3']));
    const silent = know({ swarm: swarm(), peers: [{ ...speaking, state: 'silent' }] });
    expect(peerAddresses(silent, nobody)).toEqual(new Set());
  });

  it('are also one that listens to us before Docker’s gossip tells of it', () => {
    const unlisted = { own: ['10.9.0.1'], unlisted: ['10.9.0.7'] };
    expect(peerAddresses(know({ swarm: swarm() }), unlisted)).toEqual(new Set(['10.9.0.7']));
  });
});

it('a service at an address that is not of its network is left out', () => {
  state.networks.set({ id: 'net-a', vni: 8_000_001, subnet: '10.0.1.0/24', options: {} });
  const task = (vip: string) => ({
    ...{ id: vip, ip: '10.0.1.3', mac: '' },
    service: { name: 'web', vip, serving: true },
  });
  const endpoints = [task('10.0.1.2'), task('8.8.8.8')];
  const networks = new Map([['net-a', { vni: 8_000_001, endpoints, groups: [] }]]);
  const peers = [peer({ networks })];
  const found = desiredServices(know({ peers }), { own: undefined, before: new Map() });
  expect(found.get('net-a')?.map((it) => it.vip)).toEqual(['10.0.1.2']);
});

it('a service is what all hosts say of their tasks, and is remembered without any', () => {
  const record = (ip: string): NetworkRecord => ({
    vni: 8_000_001,
    endpoints: [
      { id: `e${ip}`, ip, mac: '', service: { name: 'web', vip: '10.0.1.2', serving: true } },
    ],
    groups: [],
  });
  const peers = ['10.0.1.3', '10.0.1.4'].map((ip) =>
    peer({ networks: new Map([['net-a', record(ip)]]) }),
  );
  const first = desiredServices(know({ peers }), { own: undefined, before: new Map() });
  expect(first.get('net-a')).toMatchObject([{ name: 'web', serving: ['10.0.1.3', '10.0.1.4'] }]);
  const later = desiredServices(know({}), { own: undefined, before: first });
  expect(later.get('net-a')).toMatchObject([{ name: 'web', vip: '10.0.1.2', serving: [] }]);
});

describe('whom a new container waits for', () => {
  const nothing: NetworkRecord = { vni: 8_000_001, endpoints: [], groups: [] };
  const has = (view: Partial<PeerView> = {}) =>
    peer({ node: 'b', networks: new Map([['net-a', nothing]]), ...view });
  const waitedFor = (it: PeerView, confirmed: [string, boolean][] = []) =>
    unconfirmed(know({ peers: [it] }), 'net-a', new Map(confirmed));

  it('a host of its network that speaks, until that says that it leads there', () => {
    expect(waitedFor(has(), [['b', false]])).toEqual(['10.9.0.2']);
    expect(waitedFor(has(), [['b', true]])).toEqual([]);
  });

  it('one that has not yet begun to listen to this host', () => {
    expect(waitedFor(has())).toEqual(['10.9.0.2']);
  });

  it('none whose agent is down, that is silent, or that has not the network', () => {
    expect(waitedFor(has({ state: 'agent-down' }))).toEqual([]);
    expect(waitedFor(has({ state: 'silent' }), [['b', false]])).toEqual([]);
    expect(waitedFor(has({ networks: new Map() }))).toEqual([]);
  });
});
