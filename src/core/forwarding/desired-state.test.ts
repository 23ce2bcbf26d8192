import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LocalEndpoint, LocalNetwork } from '../local.ts';
import type { NetworkRecord } from '../records.ts';
import { desiredFacts, difference } from '../testing/oracle.ts';
import { DesiredState } from './desired-state.ts';
import { differenceOf } from './difference.ts';
import { type Fact, identity } from './facts.ts';
import type { Peer } from './forwarding.ts';

const tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };
const NETWORKS: LocalNetwork[] = [0, 1].map((i) => ({
  id: `net${i}`,
  vni: 8_000_001 + i,
  options: {},
}));

const address = (n: number) => ({ ip: `10.0.0.${n}`, mac: `02:42:0a:00:00:0${n}` });

/** Few addresses, so that hosts claim each other's. */
const record: fc.Arbitrary<NetworkRecord> = fc
  .record({
    vni: fc.constantFrom(8_000_001, 8_000_002),
    ends: fc.uniqueArray(fc.nat({ max: 4 }), { maxLength: 4 }),
    groups: fc.uniqueArray(fc.constantFrom('239.1.1.1', '224.129.1.1', 'ff05::1')),
  })
  .map(({ vni, ends, groups }) => ({
    vni,
    endpoints: ends.map((n) => ({ id: `e${n}`, ...address(n) })),
    groups: groups.map((group) => ({ group, mode: 'exclude' as const, sources: [] })),
  }));
const peer: fc.Arbitrary<Peer> = fc.record({
  tunnel: fc.constantFrom('10.9.0.1', '10.9.0.2', '10.9.0.3', '10.9.0.4'),
  networks: fc
    .dictionary(fc.constantFrom('net0', 'net1'), record)
    .map((it) => new Map(Object.entries(it))),
});
const endpoint: fc.Arbitrary<LocalEndpoint> = fc
  .record({ n: fc.nat({ max: 4 }), network: fc.constantFrom('net0', 'net1', 'other') })
  .map(({ n, network }) => ({
    id: `${network}-${n}`,
    network,
    address: `${address(n).ip}/24`,
    mac: address(n).mac,
  }));
const input = fc.record({
  tunnel: fc.constantFrom(tunnel, { ...tunnel, mtu: 1400 }),
  networks: fc.subarray(NETWORKS),
  endpoints: fc.uniqueArray(endpoint, { selector: (it) => it.id, maxLength: 4 }),
  peers: fc
    .uniqueArray(peer, { selector: (it) => it.tunnel, maxLength: 4 })
    .map((them) => them.sort((a, b) => (a.tunnel < b.tunnel ? -1 : 1))),
});

it('after any history it wants what a whole computation wants, and names all that changed', () => {
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 6 }), (history) => {
      const wanted = new DesiredState();
      const kernel = new Map<string, Fact>();
      // Peers that stay as they are must be the same objects, as they are in the agent.
      for (const now of history) {
        wanted.update(now);
        const steps = differenceOf(wanted.takeTouched(), (key) => wanted.get(key), kernel);
        for (const step of steps) {
          if (step.action === 'remove') kernel.delete(identity(step.fact));
          else kernel.set(identity(step.fact), step.fact);
        }
        expect(difference(desiredFacts(now), kernel.values())).toEqual([]);
      }
    }),
    { numRuns: 1_000 },
  );
});

describe('two hosts that claim one address', () => {
  const of = (tunnel: string, mac: string): Peer => ({
    tunnel,
    networks: new Map([
      ['net0', { vni: 8_000_001, endpoints: [{ id: tunnel, ip: '10.0.0.2', mac }], groups: [] }],
    ]),
  });
  const [net] = NETWORKS as [LocalNetwork];
  const KEY = 'neighbour cb8000001 10.0.0.2';
  const wanting = (peers: Peer[], endpoints: LocalEndpoint[] = []) => {
    const wanted = new DesiredState();
    wanted.update({ tunnel, networks: [net], endpoints, peers });
    return wanted;
  };
  const first = of('10.9.0.3', '02:42:0a:00:00:03');
  const later = of('10.9.0.2', '02:42:0a:00:00:02');

  it('the one whose word is in force keeps it, until it takes it back', () => {
    const inForce = wanting([first]).get(KEY) as Fact;
    expect(wanting([first, later]).get(KEY, inForce)).toEqual(inForce);
    expect(wanting([later]).get(KEY, inForce)).toMatchObject({ mac: '02:42:0a:00:00:02' });
  });

  it('are named', () => {
    expect(wanting([first]).contested()).toEqual([]);
    const [found] = wanting([first, later]).contested();
    expect(found).toMatchObject({ key: KEY, claims: [{ by: '10.9.0.2' }, { by: '10.9.0.3' }] });
  });

  it('this host’s own container comes before any peer', () => {
    const mac = '02:42:0a:00:00:02';
    const own = { id: 'e'.repeat(64), network: 'net0', address: '10.0.0.2/24', mac };
    const wanted = wanting([later], [own]);
    const theirs: Fact = { kind: 'station', bridge: 'cb8000001', dev: 'cx8000001', mac };
    const held = wanted.get(identity(theirs), theirs);
    expect(held).toMatchObject({ dev: 'cveeeeeeeeeeeee' });
    expect(wanted.contested().map((it) => it.key)).toEqual([identity(theirs)]);
  });
});
