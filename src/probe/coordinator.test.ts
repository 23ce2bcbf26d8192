import { expect, it } from 'vitest';
import type { PeerReport } from '../contract/report.ts';
import { aReport } from '../contract/testing/report.ts';
import { type Field, probeNetwork } from './coordinator.ts';
import { HostPart, type ProbeHost } from './host-part.ts';
import { answerProbe } from './questions.ts';

const HOSTS = ['10.9.0.1', '10.9.0.2', '10.9.0.3'];
const NETWORK = { id: 'net1', vni: 8_000_001 };

interface World {
  /** Whether a datagram is lost, by the hosts it goes between. */
  readonly drops?: (from: string, to: string) => boolean;
  /** What a host answers in the place of its own answer. */
  readonly instead?: (host: string, what: string) => unknown;
  readonly peers?: Partial<PeerReport>;
  readonly subnet?: string;
  readonly tcp?: 'open' | 'refused' | 'unreachable';
}

/** Three hosts in memory, probed from the first. */
function world({ drops = () => false, instead, peers = {}, subnet, tcp = 'open' }: World = {}) {
  const ends = new Map<string, { host: string; take?: (bytes: Buffer, from: string) => void }>();
  const open = new Set<string>();
  const probeHost = (host: string): ProbeHost => ({
    openTrial: async () => {},
    closeTrial: async () => {},
    view: async () => ({
      ...{ host, vni: NETWORK.vni, mtu: 1450, snooping: true, querier: true, peers: [] },
      underlay: { interface: 'eth0', mtu: 1500 },
    }),
    open: async ({ id, ip }) => {
      open.add(id);
      const end: { host: string; take?: (bytes: Buffer, from: string) => void } = { host };
      ends.set(ip, end);
      return {
        send: (bytes, to) => {
          const all = to.startsWith('198.18.') ? [to] : [...ends.keys()].filter((it) => it !== ip);
          for (const it of all) {
            const there = ends.get(it);
            if (there === undefined || drops(host, there.host)) continue;
            queueMicrotask(() => there.take?.(bytes, ip));
          }
        },
        onMessage: (take) => {
          end.take = take;
        },
      };
    },
    close: async (id) => {
      open.delete(id);
    },
    hasWay: () => true,
  });
  const parts = new Map(HOSTS.map((it) => [it, new HostPart(probeHost(it))]));
  const ask = async (host: string, what: string, args: unknown) =>
    instead?.(host, what) ??
    answerProbe(parts.get(host) as HostPart, { what, args, isVisible: () => true });
  const report = aReport({
    tunnel: { address: HOSTS[0] as string, port: 4789, mtu: 1450 },
    peers: HOSTS.slice(1).map((address) => ({
      ...{ address, state: 'up', since: 0, listed: true, networks: ['net1'] },
      ...peers,
    })),
    networks: [
      {
        ...{ ...NETWORK, name: 'mynet', options: {}, hosts: HOSTS, endpoints: [] },
        ...{ joined: [], refused: [], groups: [] },
        ...(subnet === undefined ? {} : { subnet }),
      },
    ],
  });
  const field: Field = {
    report: () => report,
    askSelf: (what, args) => ask(HOSTS[0] as string, what, args),
    ask,
    tryTcp: async () => tcp,
  };
  return { field, open };
}

it('reaches all pairs, and leaves no endpoint', async () => {
  const { field, open } = world();
  const found = await probeNetwork(field, 'mynet');
  expect(found).toMatchObject({ ok: true, network: 'mynet', findings: [] });
  expect(found.pairs).toHaveLength(6);
  expect(found.pairs.every((it) => it.reached && it.loss === 0 && it.pathMtu === 1450)).toBe(true);
  expect(open.size).toBe(0);
});

it('without a name, probes a network made for it', async () => {
  const found = await probeNetwork(world().field, undefined);
  expect(found).toMatchObject({ ok: true, network: 'trial' });
});

it('names a direction that is blocked', async () => {
  const { field } = world({ drops: (from, to) => from === HOSTS[1] && to === HOSTS[2] });
  const { ok, findings } = await probeNetwork(field, 'net1');
  expect(ok).toBe(false);
  expect(findings).toMatchObject([{ code: 'udp-blocked', host: HOSTS[2] }]);
});

it.each<[string, Partial<World>, string]>([
  ['mute', {}, 'agent-mute'],
  ['refuses TCP', { tcp: 'refused' }, 'agent-down'],
  ['cannot be reached by TCP', { tcp: 'unreachable' }, 'tcp-blocked'],
])('goes on without a host that is %s, and names it', async (_name, change, code) => {
  const instead = (host: string) =>
    host === HOSTS[2] ? Promise.reject(new Error('no answer to "x" within 1 ms')) : undefined;
  const { field, open } = world({ instead, ...change });
  const { ok, pairs, findings } = await probeNetwork(field, 'mynet');
  expect(ok).toBe(false);
  expect(pairs).toHaveLength(2);
  expect(findings).toMatchObject([{ code, host: HOSTS[2] }]);
  expect(open.size).toBe(0);
});

it.each([
  ['a seat without sense', 'probe-open', { host: 'x' }],
  ['a name that a terminal would obey', 'probe-open', { host: '\u001b[2J' }],
  ['a seat of no form', 'probe-open', 7],
  ['counts below zero', 'probe-close', { '198.18.0.1': { unicast: -1 } }],
  ['ways of no form', 'probe-send', { sent: {}, noWay: 3, ways: [] }],
])('a host that answers %s takes no part', async (_name, what, answer) => {
  const instead = (host: string, asked: string) =>
    host === HOSTS[2] && asked === what ? answer : undefined;
  const { ok, hosts, findings } = await probeNetwork(world({ instead }).field, 'mynet');
  expect(ok).toBe(false);
  expect(hosts.map((it) => it.took)).toEqual(['part', 'part', 'no part']);
  expect(findings).toMatchObject([{ code: 'peer-missing', host: HOSTS[2] }]);
  expect(findings[0]?.what).toContain('its answer cannot be used');
});

it('refuses a network that this host has not, and one on its own addresses', async () => {
  await expect(probeNetwork(world().field, 'other')).rejects.toThrow('it has: mynet');
  const { field } = world({ subnet: '198.18.4.0/24' });
  await expect(probeNetwork(field, 'mynet')).rejects.toThrow('198.18.0.0/15');
});

it.each([
  ['an address of a user’s network', 'probe-open', { run: 1, network: 'n', ip: '10.0.0.2' }],
  ['no group', 'probe-open', { run: 1, network: 'n', ip: '198.18.0.1', group: '10.0.0.2' }],
  ['a VNI of Docker’s', 'probe-open', { run: 1, network: 'n', ip: '198.18.0.1', trial: 4097 }],
  ['a run of no number', 'probe-close', { run: 'x' }],
  ['a probe that is not', 'probe-send', { run: 5, others: [] }],
])('a host refuses %s', async (_name, what, args) => {
  const part = new HostPart({} as ProbeHost);
  await expect(
    (async () => answerProbe(part, { what, args, isVisible: () => true }))(),
  ).rejects.toThrow();
});

it('a host takes no part for who has not the network', async () => {
  const args = { run: 1, network: 'n', ip: '198.18.0.1' };
  const question = { what: 'probe-open', args, isVisible: () => false };
  await expect(
    (async () => answerProbe(new HostPart({} as ProbeHost), question))(),
  ).rejects.toThrow('has not the network');
});
