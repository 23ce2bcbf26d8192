import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EntryFact, entryOf, factOf } from './entries.ts';
import { explainFast, type FastFact, fastDifference, fastIdentity } from './facts.ts';

const index = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const vni = fc.integer({ min: 1, max: 2 ** 24 - 1 });
const byte = fc.integer({ min: 0, max: 255 });
const ip = fc.tuple(fc.integer({ min: 1, max: 223 }), byte, byte, byte).map((it) => it.join('.'));
const mac = fc
  .array(byte, { minLength: 6, maxLength: 6 })
  .map((it) => it.map((one) => one.toString(16).padStart(2, '0')).join(':'));
const ip6 = fc.constantFrom('fd00::1', '2001:db8:1:2:3:4:5:6', '2001:db8::a00:105');

const entry = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('self' as const), address: ip, port: fc.nat(65_535) },
    ...{ ipv6: fc.boolean(), inside: index, outside: index },
  }),
  fc.record({ kind: fc.constant('way' as const), host: ip, hop: ip, card: index }),
  fc.record({ kind: fc.constant('port' as const), port: index, vni, mac, ip }),
  fc.record({ kind: fc.constant('port' as const), port: index, vni, mac, ip, ip6 }),
  fc.record({ kind: fc.constant('here' as const), vni, mac, port: index }),
  fc.record({ kind: fc.constant('there' as const), vni, mac, host: ip }),
  fc.record({
    ...{ kind: fc.constant('group' as const), vni },
    group: fc.constantFrom('239.1.1.1', 'ff15::1', 'ff3e:30:2001:db8::7'),
    ports: fc.array(index, { maxLength: 16 }),
    hosts: fc.array(ip, { maxLength: 16 }),
  }),
);
const filter = fc.record({
  kind: fc.constant('filter' as const),
  at: fc.constantFrom('castnet' as const, 'host' as const),
  dev: fc.constantFrom('cv1', 'cfp', 'eth0'),
  program: fc.constantFrom('from_container' as const, 'from_wire' as const),
  id: index,
});
const facts = fc.array(fc.oneof(entry, filter) as fc.Arbitrary<FastFact>, { maxLength: 30 });
const keyed = (list: readonly FastFact[]) => new Map(list.map((it) => [fastIdentity(it), it]));

describe('an entry', () => {
  it('says as bytes what it said as a fact', () => {
    fc.assert(
      fc.property(entry as fc.Arbitrary<EntryFact>, (it) => {
        expect(factOf(entryOf(it))).toEqual(it);
      }),
    );
  });

  it('has the bytes of the structs of bpf/fastpath.c', () => {
    const port = { kind: 'port', port: 14, vni: 8_000_001, mac: '02:42:0a:00:01:05' } as const;
    const six = { ip: '10.0.1.5', ip6: 'fd00::1' };
    expect(entryOf({ ...port, ...six })).toEqual({
      map: 'ports',
      key: [14, 0, 0, 0],
      value: [
        ...[0x02, 0x42, 10, 0, 1, 5, 1, 0],
        ...[0x01, 0x12, 0x7a, 0, 10, 0, 1, 5],
        ...[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      ],
    });
    const self = { kind: 'self', address: '10.9.0.1', port: 4789, ipv6: true } as const;
    expect(entryOf({ ...self, inside: 3, outside: 4 }).value).toEqual([
      ...[10, 9, 0, 1, 0x12, 0xb5, 1, 0, 3, 0, 0, 0, 4, 0, 0, 0],
    ]);
  });

  it('of a group has the sum of what it says, as bpf/groups.h adds it up', () => {
    const fact = { kind: 'group', vni: 5, group: '239.1.1.1', ports: [14], hosts: [] } as const;
    const { map, key, value } = entryOf(fact);
    expect(map).toBe('groups');
    expect(key).toEqual([5, 0, 0, 0, ...new Array(10).fill(0), 255, 255, 239, 1, 1, 1]);
    expect(value).toHaveLength(136);
    // (((((5 <<< 5) <<< 5) + 0xffff0000) <<< 5) + 0x010101ef) <<< 5) + 1) <<< 5) + 14, in 32 bits.
    const roll = (sum: number, word: number) => (((sum << 5) | (sum >>> 27)) + word) >>> 0;
    const sum = [0, 0, 0xffff0000, 0x010101ef, 1, 14].reduce(roll, 5);
    expect(new DataView(Uint8Array.from(value).buffer).getUint32(0, true)).toBe(sum);
    expect(value.slice(4, 12)).toEqual([1, 0, 0, 0, 14, 0, 0, 0]);
    const torn = value.with(8, 15);
    expect(factOf({ map, key, value: torn })).toEqual({ ...fact, ports: [] });
    expect(factOf({ map, key, value: torn.with(4, 99) })).toEqual({ ...fact, ports: [] });
  });

  it('of zeros is no end of a tunnel', () => {
    expect(
      factOf({ map: 'self', key: [0, 0, 0, 0], value: new Array(16).fill(0) }),
    ).toBeUndefined();
  });
});

describe('the difference', () => {
  it('makes of what there is what there shall be, and of that nothing', () => {
    fc.assert(
      fc.property(facts, facts, (want, have) => {
        const now = keyed(have);
        for (const { action, fact } of fastDifference(want, have)) {
          if (action === 'remove') now.delete(fastIdentity(fact));
          else now.set(fastIdentity(fact), fact);
        }
        expect([...now.values()].sort(byKey)).toEqual([...keyed(want).values()].sort(byKey));
        expect(fastDifference(want, now.values())).toEqual([]);
      }),
    );
  });

  it('takes away before it adds, entries before filters, and puts the containers last', () => {
    const at = {
      kind: 'filter',
      at: 'castnet',
      dev: 'cv1',
      program: 'from_container',
      id: 7,
    } as const;
    const here = { kind: 'here', vni: 5, mac: '02:42:0a:00:01:05', port: 14 } as const;
    const ends = { inside: 3, outside: 4 };
    const self = { kind: 'self', address: '10.9.0.1', port: 4789, ipv6: false, ...ends } as const;
    const gone = { kind: 'there', vni: 5, mac: '02:42:0a:00:01:06', host: '10.9.0.2' } as const;
    const old = { ...at, dev: 'cv0' };
    const steps = fastDifference([here, self, at], [old, gone]);
    expect(steps.map(({ action, fact }) => `${action} ${fact.kind}`)).toEqual([
      ...['remove there', 'remove filter', 'put filter', 'put self', 'put here'],
    ]);
  });

  it('has what hands packets on before what takes them, and after', () => {
    const host = { kind: 'filter', at: 'host' } as const;
    const takes = { ...host, dev: 'eth0', program: 'from_wire', id: 3 } as const;
    const hands = { ...host, dev: 'zz', program: 'to_wire', id: 2 } as const;
    const words = (steps: ReturnType<typeof fastDifference>) =>
      steps.map(({ fact }) => (fact.kind === 'filter' ? fact.program : fact.kind));
    expect(words(fastDifference([takes, hands], []))).toEqual(['to_wire', 'from_wire']);
    expect(words(fastDifference([], [hands, takes]))).toEqual(['from_wire', 'to_wire']);
  });

  it('says each step and its reason', () => {
    fc.assert(
      fc.property(facts, (want) => {
        for (const step of fastDifference(want, []))
          expect(explainFast(step)).toMatch(/^add: fast path: .+, because .+/);
        for (const step of fastDifference([], want))
          expect(explainFast(step)).toMatch(/^remove: fast path: .+, because .+/);
      }),
    );
  });
});

const byKey = (a: FastFact, b: FastFact): number => (fastIdentity(a) < fastIdentity(b) ? -1 : 1);
