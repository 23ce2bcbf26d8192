import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupMac } from '../../net/group.ts';
import { DEFAULT_MAC, type Fact } from '../forwarding/facts.ts';
import type { Membership } from '../membership/membership.ts';
import { fastGroups, type GroupFact, type GroupsInput, MOST_TARGETS } from './groups.ts';

const VNI = 5;
const PORTS = ['cva', 'cvb', 'cvc'];
/** The last one the fast path does not know, or does not reach. */
const UNKNOWN = 'cvc';
const HOSTS = ['10.9.0.2', '10.9.0.3', '10.9.0.4'];
const SOURCES = ['10.0.1.5', '10.0.1.6'];
/** The second has the MAC of the first, the fourth that of 224.0.0.251. */
const GROUPS = [
  '239.1.1.1',
  '239.129.1.1',
  '224.0.0.251',
  '239.0.0.251',
  'ff15::1234',
  'ff02::1:3',
];
const SIX = ['ff15::1234', 'ff02::1:3'];
const INDEX = new Map(PORTS.map((it, at) => [it, at + 14]));

const row = (port: string, group: string, more: Partial<Membership> = {}): Membership => ({
  ...{ bridge: 'cb5', port, group, mode: 'exclude' },
  ...more,
});
const member = (group: string, source?: string): Fact => ({
  ...{ kind: 'member', bridge: 'cb5', dev: 'cx5', group, settled: true },
  ...(source === undefined ? {} : { source }),
});
const copy = (mac: string, to: string): Fact => ({ kind: 'copy', dev: 'cx5', mac, to });

const input = (rows: readonly Membership[], slow: readonly Fact[]): GroupsInput => ({
  ...{ vnis: new Set([VNI]), slow, joined: () => rows },
  ports: new Map(PORTS.slice(0, 2).map((it) => [it, { port: INDEX.get(it) as number, vni: VNI }])),
  hosts: new Set(HOSTS.slice(0, 2)),
});
const found = (rows: readonly Membership[], slow: readonly Fact[]) =>
  fastGroups(input(rows, slow)).get(VNI) as { facts: GroupFact[]; left: Map<string, string> };

/**
 * Whom bridge and tunnel give what a source says to a group: net/bridge/br_mdb.c (`br_mdb_get`: the entry of
 * the source, else the one of all) and br_multicast.c, drivers/net/vxlan (`vxlan_find_mac`: the MAC's copies,
 * else the default's).
 */
function slowTargets(
  rows: readonly Membership[],
  slow: readonly Fact[],
  group: string,
  from: string,
) {
  const own = rows.filter((it) => it.group === group);
  const ports = PORTS.filter((port) => {
    const mine = own.filter((it) => it.port === port);
    const any = mine.find((it) => it.source === undefined);
    const one = mine.some((it) => it.source === from);
    if (any?.mode === 'exclude') return !(any.filtered === true && from === SOURCES[0]);
    return one;
  });
  const leaves = slow.some(
    (it) =>
      it.kind === 'member' && it.group === group && (it.source === undefined || it.source === from),
  );
  const copies = (mac: string) =>
    slow.flatMap((it) => (it.kind === 'copy' && it.mac === mac ? [it.to] : []));
  const exact = copies(groupMac(group));
  const hosts = leaves ? (exact.length > 0 ? exact : copies(DEFAULT_MAC)) : [];
  return { ports: ports.map((it) => INDEX.get(it)).sort(), hosts: [...new Set(hosts)].sort() };
}

const group = fc.constantFrom(...GROUPS);
const rowOf = fc
  .record({
    ...{ port: fc.constantFrom(...PORTS), group },
    more: fc.constantFrom<Partial<Membership>>(
      ...[{}, {}, {}, { filtered: true }, { mode: 'include' as const }],
      { mode: 'include', source: SOURCES[0] as string },
    ),
  })
  .map(({ port, group, more }) => row(port, group, more));
const factOf = fc.oneof(
  group.map((it) => member(it)),
  fc.tuple(group, fc.constantFrom(...SOURCES)).map(([it, source]) => member(it, source)),
  fc.tuple(group, fc.constantFrom(...HOSTS)).map(([it, to]) => copy(groupMac(it), to)),
  fc.constantFrom(...HOSTS).map((to) => copy(DEFAULT_MAC, to)),
);

describe('a group of the fast path', () => {
  it('goes exactly where bridge and tunnel give it, whoever says it', () => {
    let fast = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(rowOf, { maxLength: 6, selector: (it) => `${it.port} ${it.group}` }),
        fc.array(factOf, { maxLength: 10 }),
        (rows, slow) => {
          for (const { group, ports, hosts } of found(rows, slow).facts) {
            fast++;
            for (const from of SOURCES)
              expect({ ports, hosts }).toEqual(slowTargets(rows, slow, group, from));
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(fast).toBeGreaterThan(100);
  });

  it('has its members here and the hosts with members', () => {
    const [one, two] = GROUPS as [string, string];
    const slow = [member(one), ...HOSTS.slice(0, 2).map((it) => copy(groupMac(one), it))];
    const { facts, left } = found([row('cvb', one), row('cva', one), row('cva', two)], slow);
    expect(facts).toEqual([
      { kind: 'group', vni: VNI, group: one, ports: [14, 15], hosts: HOSTS.slice(0, 2) },
      { kind: 'group', vni: VNI, group: two, ports: [14], hosts: [] },
    ]);
    expect([...left]).toEqual([]);
  });

  const one = '239.1.1.1';
  const reached = [member(one), copy(groupMac(one), HOSTS[0] as string)];
  it.each([
    ['of the link', [row('cva', '224.0.0.251')], [], 'every host'],
    ['with the MAC of one of the link', [row('cva', '239.0.0.251')], [], 'every host'],
    ['of IPv6’s link', [row('cva', 'ff02::1:3')], [], 'every host'],
    [
      'of a source',
      [row('cva', one, { mode: 'include', source: SOURCES[0] as string })],
      [],
      'certain',
    ],
    ['that a member filters', [row('cva', one, { filtered: true })], [], 'certain'],
    ['of which another host wants a source', [], [member(one, SOURCES[0])], 'certain'],
    ['at an unknown port', [row(UNKNOWN, one)], reached, 'behind a port'],
    [
      'at a host that the tunnel alone reaches',
      [],
      [...reached, copy(groupMac(one), '10.9.0.9')],
      '10.9.0.9',
    ],
    ['without copies of its own', [], [member(one), copy(DEFAULT_MAC, '10.9.0.2')], 'every host'],
    ['learnt from a stray report', [], [{ ...member(one), settled: false } as Fact], 'castnet’s'],
  ] satisfies [string, Membership[], Fact[], string][])(
    '%s is the bridge’s',
    (_, rows, slow, why) => {
      const { facts, left } = found(rows, slow);
      expect(facts).toEqual([]);
      expect([...left.values()].join()).toContain(why);
    },
  );

  it('of more members or hosts than an entry holds is the bridge’s', () => {
    const many = Array.from({ length: MOST_TARGETS + 1 }, (_, at) => at);
    const ports = new Map(many.map((it) => [`cv${it}`, { port: it + 1, vni: VNI }]));
    const rows = many.map((it) => row(`cv${it}`, one));
    const less = rows.slice(1);
    const left = (of: GroupsInput) => [...(fastGroups(of).get(VNI)?.left.values() ?? [])];
    expect(left({ ...input(rows, []), ports })).toEqual(['more than 16 members here']);
    expect(left({ ...input(less, []), ports })).toEqual([]);
    const hosts = many.map((it) => `10.9.1.${it}`);
    const slow = [member(one), ...hosts.map((it) => copy(groupMac(one), it))];
    expect(left({ ...input([], slow), hosts: new Set(hosts) })[0]).toContain('16 hosts');
  });

  it('of IPv6 is one like others', () => {
    expect(SIX.map((it) => found([row('cva', it)], []).facts.length)).toEqual([1, 0]);
  });
});
