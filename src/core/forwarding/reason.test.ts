import { expect, it } from 'vitest';
import { desiredFacts, difference } from '../testing/oracle.ts';
import type { Fact } from './facts.ts';
import { reasonOf } from './reason.ts';

const facts = desiredFacts({
  tunnel: { address: '10.9.0.1', port: 4789, mtu: 1450 },
  networks: [{ id: 'net-a', vni: 8_000_001, options: {} }],
  endpoints: [{ id: 'e1', network: 'net-a', address: '10.0.1.2/24', mac: '02:42:0a:00:01:02' }],
  peers: [
    {
      tunnel: '10.9.0.2',
      networks: new Map([
        [
          'net-a',
          {
            vni: 8_000_001,
            endpoints: [{ id: 'e2', ip: '10.0.1.3', mac: '02:42:0a:00:01:03' }],
            groups: [{ group: '239.1.1.1', mode: 'exclude', sources: [] }],
          },
        ],
      ]),
    },
  ],
});

it('says for every step who asks for it', () => {
  const said = difference(facts, []).map((step) => `${step.fact.kind}: ${reasonOf(step)}`);
  expect([...new Set(said)]).toEqual([
    'bridge: this host takes part in the network',
    'vxlan: this host takes part in the network',
    'port: a container is behind it',
    'route: a container on host 10.9.0.2 has this address',
    'copy: host 10.9.0.2 takes part in the network',
    'copy: each host asks its own containers who is a member',
    'copy: containers on host 10.9.0.2 have joined a group with this address',
    'neighbour: container 10.0.1.3 is on another host',
    'station: a container of this host has this address',
    'station: a container on another host has this address',
    'member: containers on other hosts have joined it',
  ]);
});

it('says for every kind why it goes', () => {
  const said = difference([], facts).map((step) => `${step.fact.kind}: ${reasonOf(step)}`);
  expect(said.every((it) => /any more|no network|no container/.test(it))).toBe(true);
});

it('says why an entry changes', () => {
  const bridge: Fact = { kind: 'bridge', dev: 'cb8000001', mac: '', mtu: 1450, settled: true };
  const was = { ...bridge, settled: false };
  expect(reasonOf({ action: 'replace', fact: bridge, was })).toContain(
    'someone changed its settings',
  );
  expect(reasonOf({ action: 'replace', fact: bridge, was: { ...bridge, mtu: 9 } })).toContain(
    'the MTU',
  );
});
