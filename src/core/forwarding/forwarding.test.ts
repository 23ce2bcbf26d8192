import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupMac } from '../../net/group.ts';
import { portName } from '../names.ts';
import type { NetworkRecord } from '../records.ts';
import { arbEndpoint, arbNetworks, arbPeer } from '../testing/arbitraries.ts';
import { desiredFacts } from '../testing/oracle.ts';
import { DEFAULT_MAC, type Fact } from './facts.ts';
import { networkMtu, type Peer, type Tunnel } from './forwarding.ts';
import { leadsAway } from './stale-facts.ts';

const tunnel: Tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };
const network = { id: 'net-a', vni: 8_000_001, options: {} };

const peer = (address: string, record: Partial<NetworkRecord>): Peer => ({
  tunnel: address,
  networks: new Map([['net-a', { vni: 8_000_001, endpoints: [], groups: [], ...record }]]),
});

const anySource = (group: string) => ({ group, mode: 'exclude', sources: [] }) as const;

const desired = (peers: Peer[]): Fact[] =>
  desiredFacts({ tunnel, networks: [network], endpoints: [], peers });

const copies = (facts: Fact[], mac: string): string[] =>
  facts.flatMap((it) => (it.kind === 'copy' && it.mac === mac ? [it.to] : [])).sort();

describe('a group goes', () => {
  const facts = desired([
    peer('10.9.0.2', { groups: [anySource('239.1.1.1')] }),
    peer('10.9.0.3', { groups: [anySource('239.1.1.1'), anySource('239.2.2.2')] }),
    peer('10.9.0.4', {}),
  ]);

  it('to exactly the hosts that have members', () => {
    expect(copies(facts, groupMac('239.1.1.1'))).toEqual(['10.9.0.2', '10.9.0.3']);
    expect(copies(facts, groupMac('239.2.2.2'))).toEqual(['10.9.0.3']);
  });

  it('to the tunnel only if some other host has members', () => {
    const groups = facts.flatMap((it) => (it.kind === 'member' ? [it.group] : []));
    expect(new Set(groups)).toEqual(new Set(['239.1.1.1', '239.2.2.2']));
  });

  it('from one source only where that is all that members asked for', () => {
    const [fact] = desired([
      peer('10.9.0.2', {
        groups: [{ group: '232.1.1.1', mode: 'include', sources: ['10.0.0.7'] }],
      }),
    ]).filter((it) => it.kind === 'member');
    expect(fact).toMatchObject({ group: '232.1.1.1', source: '10.0.0.7' });
  });
});

it('broadcast goes to every host of the network', () => {
  const facts = desired([peer('10.9.0.2', {}), peer('10.9.0.3', {})]);
  expect(copies(facts, DEFAULT_MAC)).toEqual(['10.9.0.2', '10.9.0.3']);
});

it('a peer that numbers the network otherwise gets nothing of it', () => {
  const facts = desired([peer('10.9.0.2', { vni: 8_000_009, groups: [anySource('239.1.1.1')] })]);
  expect(facts.some(leadsAway)).toBe(false);
});

it('membership reports stay on their host, though another has members of a group of that MAC', () => {
  const facts = desired([peer('10.9.0.2', { groups: [anySource('239.0.0.22')] })]);
  expect(copies(desired([]), '01:00:5e:00:00:16')).toEqual(['0.0.0.0']);
  expect(copies(desired([]), '33:33:00:00:00:16')).toEqual(['0.0.0.0']);
  expect(copies(facts, '01:00:5e:00:00:16')).toEqual(['0.0.0.0', '10.9.0.2']);
});

it.each([
  ['239.0.0.251', '01:00:5e:00:00:fb', '224.0.0.251'],
  ['ff05::1', '33:33:00:00:00:01', 'ff02::1'],
])('members of %s take nothing from the hosts that %s, of %s too, must reach', (group, mac) => {
  const facts = desired([peer('10.9.0.2', { groups: [anySource(group)] }), peer('10.9.0.3', {})]);
  expect(copies(facts, mac)).toEqual([]);
  expect(copies(facts, DEFAULT_MAC)).toEqual(['10.9.0.2', '10.9.0.3']);
  expect(facts).toContainEqual(expect.objectContaining({ kind: 'member', group }));
});

it('nothing is sent to this host itself', () => {
  expect(copies(desired([peer('10.9.0.1', {})]), DEFAULT_MAC)).toEqual([]);
});

it('a network that asks for an MTU has it', () => {
  const facts = desiredFacts({
    tunnel,
    networks: [{ ...network, options: { mtu: 1300 } }],
    endpoints: [],
    peers: [],
  });
  expect(facts).toContainEqual(
    expect.objectContaining({ kind: 'bridge', dev: 'cb8000001', mtu: 1300 }),
  );
});

it('an address that Docker has given away leads to who has it now, and the other keeps its port', () => {
  const endpoint = { network: 'net-a', address: '10.0.1.5/24', mac: '02:42:0a:00:01:05' };
  const endpoints = ['e1', 'e2'].map((id) => ({ ...endpoint, id }));
  const elsewhere = { ...endpoint, id: 'e3', network: 'net-b' };
  const facts = desiredFacts({
    ...{ tunnel, networks: [network], peers: [] },
    endpoints: [...endpoints, elsewhere],
  });
  const devices = (kind: string) =>
    facts.flatMap((it) => (it.kind === kind && 'dev' in it ? [it.dev] : []));
  expect(devices('station')).toEqual([portName('e2')]);
  expect(devices('port')).toEqual([portName('e1'), portName('e2')]);
});

describe('for any hosts and networks', () => {
  it('a host gets copies of a group exactly if it has members and shares the network', () => {
    fc.assert(
      fc.property(arbNetworks, fc.array(arbPeer, { maxLength: 5 }), (networks, peers) => {
        const facts = desiredFacts({ tunnel, networks, endpoints: [], peers });
        for (const { id, vni } of networks) {
          for (const group of ['239.1.1.1', '239.2.2.2', 'ff02::fb']) {
            const want = new Set(
              peers
                .filter((it) =>
                  it.networks.get(id)?.groups.some((g) => groupMac(g.group) === groupMac(group)),
                )
                .map((it) => it.tunnel),
            );
            const have = facts.flatMap((it) =>
              it.kind === 'copy' && it.dev === `cx${vni}` && it.mac === groupMac(group)
                ? [it.to]
                : [],
            );
            expect(new Set(have)).toEqual(want);
          }
        }
      }),
    );
  });

  it('no fact leads to a network that this host has not', () => {
    fc.assert(
      fc.property(
        arbNetworks,
        fc.array(arbEndpoint, { maxLength: 5 }),
        fc.array(arbPeer, { maxLength: 5 }),
        (networks, endpoints, peers) => {
          const own = new Set(networks.flatMap(({ vni }) => [`cb${vni}`, `cx${vni}`]));
          const bridges = desiredFacts({ tunnel, networks, endpoints, peers }).flatMap((it) =>
            'bridge' in it ? [it.bridge] : [],
          );
          expect(bridges.every((it) => own.has(it))).toBe(true);
        },
      ),
    );
  });
});

it.each([
  ['over IPv4 what was asked for', { address: '10.9.0.1', mtu: 1350 }, 1430],
  ['over IPv6 at most what the tunnel carries', { address: 'fd99::1', mtu: 1330 }, 1330],
  [
    'over IPv6 behind another address too',
    { address: '10.9.0.1', local: 'fd99::1', mtu: 1330 },
    1330,
  ],
])('a network made with an MTU has %s', (_what, carries, mtu) => {
  const asked = { ...network, options: { mtu: 1430 } };
  expect(networkMtu(asked, { port: 4789, ...carries })).toBe(mtu);
});
