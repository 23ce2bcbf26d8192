import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Fact } from '../core/forwarding/facts.ts';
import type { NetworkRecord } from '../core/records.ts';
import { LANDMARK } from '../core/services/balancing.ts';
import { Host } from './host.ts';
import { ServiceRules } from './service-rules.ts';
import { State } from './state.ts';
import { type PeerView, type Sessions, SwarmLink } from './swarm-link.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const vni = 8_000_001;
const web = { name: 'web', vip: '10.0.1.99' };
/** Of the host that was heard, and of the one that was not. */
const [HERE, THERE] = ['10.0.1.2', '10.0.1.3'];

/** What the kernel has of a container of another host. */
const way = (ip: string, to: string): Fact[] => {
  const mac = `02:42:0a:00:01:0${ip.at(-1)}`;
  return [
    { kind: 'route', dev: `cx${vni}`, mac, to },
    { kind: 'neighbour', dev: `cb${vni}`, ip, mac },
  ];
};
const record = (ip: string, serving = true): NetworkRecord => ({
  vni,
  endpoints: [{ id: ip, ip, mac: `02:42:0a:00:01:0${ip.at(-1)}`, service: { ...web, serving } }],
  groups: [],
});
const peer = (tunnel: string, more: Partial<PeerView> = {}): PeerView => ({
  ...{ address: tunnel, node: tunnel, tunnel, state: 'up', since: 0 },
  ...{ networks: new Map(), awaited: false, ...more },
});
const heard = peer('10.9.0.2', { networks: new Map([['net-a', record(HERE)]]) });
/** Tried by an agent that has just started, whose own agent is down: nothing is known but its address. */
const unheard: PeerView = {
  ...{ address: '10.9.0.3', state: 'agent-down', since: 0, networks: new Map(), awaited: true },
};

let directory: string;
let rules: ServiceRules;
let host: Host;
let peers: PeerView[];
let written: string[];

beforeEach(() => {
  vi.useFakeTimers();
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(() => {
  rules.close();
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

/** An agent started anew on a host with one container, where another left its rules for `web`. */
async function started(): Promise<void> {
  const state = new State(directory);
  state.networks.set({ id: 'net-a', vni, options: {}, subnet: '10.0.1.0/24' });
  const task = { id: 'e', network: 'net-a', vni, address: '10.0.1.9/24', mac: '', since: 0 };
  state.endpoints.set({ ...task, mtu: 1450, sandbox: '/run/netns/a' } as never);
  state.reach.set({ id: 'net-a', services: [{ ...web, serving: [HERE, THERE], draining: [] }] });
  const link = new SwarmLink({ identity: async () => 'own', log });
  peers = [heard, unheard];
  link.openBy(async () => ({ node: 'own', views: () => peers }) as unknown as Sessions);
  await link.refresh();
  const now = () => Date.now();
  host = new Host({ state, link, ownAddresses: () => ['10.9.0.1'], now });
  const hosts = ['10.9.0.1', '10.9.0.2', '10.9.0.3'];
  const network = { id: 'net-a', name: 'n', vni, hosts, containers: new Map() };
  host.swarm = { networks: new Map([['net-a', network]]), unanswered: new Set() };
  written = [];
  const sandboxes = {
    identity: () => 'a',
    applyRules: async (_path: string, script: string) => void written.push(script),
    listTables: async () => LANDMARK,
    untracked: false,
  };
  rules = new ServiceRules({ host, sandboxes, log, now });
  host.restart.found([...way(HERE, '10.9.0.2'), ...way(THERE, '10.9.0.3')]);
}

/** The tasks that the container's connections go to, as last written; undefined: nothing was. */
async function tasks(afterMs: number): Promise<string[] | undefined> {
  await vi.advanceTimersByTimeAsync(afterMs);
  host.emit('peers');
  await vi.advanceTimersByTimeAsync(2_000);
  const numbered = written.at(-1)?.match(/add element ip castnet tasks \{ (.*) \}/)?.[1];
  return numbered?.split(', ').map((it) => it.split(' : ')[1] as string);
}

it('the tasks of a host that was not heard yet stay, however long that takes', async () => {
  await started();
  expect(await tasks(5_000)).toBeUndefined();
  expect(await tasks(5_000)).toEqual([HERE, THERE]);
  expect(await tasks(3_600_000)).toEqual([HERE, THERE]);
  expect(written).toHaveLength(1);
});

it('what a host says takes the place of what an earlier agent knew of it', async () => {
  await started();
  await tasks(10_000);
  peers = [heard, peer('10.9.0.3')];
  await tasks(0);
  expect(written.at(-1)).toContain(`delete element ip castnet pairs { ${web.vip} . ${THERE} }`);
});

it('the tasks of a host that is silent go, also while another is waited for', async () => {
  await started();
  peers = [heard, unheard, { ...unheard, address: '10.9.0.4' }];
  await tasks(10_000);
  peers = [heard, { ...unheard, state: 'silent' }, { ...unheard, address: '10.9.0.4' }];
  await tasks(0);
  expect(written.at(-1)).toContain(`delete element ip castnet pairs { ${web.vip} . ${THERE} }`);
});

it('nothing is written before the kernel was read, while a host is waited for', async () => {
  await started();
  const left = vi.spyOn(host.restart, 'hasLooked', 'get').mockReturnValue(false);
  expect(await tasks(20_000)).toBeUndefined();
  left.mockRestore();
  expect(await tasks(0)).toEqual([HERE, THERE]);
});

it('what containers join is no reason to look at the rules of all, another task is', async () => {
  await started();
  const update = vi.spyOn(rules.balancer, 'update');
  const says = (it: NetworkRecord) => {
    const networks = new Map([['net-a', it]]);
    host.record = { node: 'own', tunnel: '10.9.0.1', networks };
    host.emit('record');
    return update.mock.calls.length;
  };
  const group = { group: '239.1.1.1', mode: 'exclude', sources: [] } as const;
  expect(says(record('10.0.1.9'))).toBe(1);
  expect(says({ ...record('10.0.1.9'), groups: [group] })).toBe(1);
  expect(says(record('10.0.1.9', false))).toBe(2);
});

it('neither is what another host’s containers join, but a task of its, and its silence', async () => {
  await started();
  await tasks(10_000);
  const update = vi.spyOn(rules.balancer, 'update');
  const says = (it: NetworkRecord, more: Partial<PeerView> = {}) => {
    peers = [peer('10.9.0.2', { networks: new Map([['net-a', it]]), ...more }), unheard];
    host.emit('peers');
    return update.mock.calls.length;
  };
  const before = record(HERE);
  expect(says(before)).toBe(1);
  const joined = {
    ...before,
    groups: [{ group: '239.1.1.1', mode: 'exclude', sources: [] }],
  } as const;
  expect(says(joined)).toBe(1);
  const leaving = { ...joined, endpoints: record(HERE, false).endpoints };
  expect(says(leaving)).toBe(2);
  expect(says(leaving)).toBe(2);
  expect(says(leaving, { state: 'silent' })).toBe(3);
});
