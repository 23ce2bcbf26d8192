import { expect, it } from 'vitest';
import { sourcesSeen, tunnelElements, tunnelTable } from './tunnel-guard.ts';

const sources = new Set(['10.0.0.2', 'fd00::2']);
const underlay = { interfaces: ['br-lan', 'eth0'], macs: ['02:00:00:00:00:01'] };

it('lets castnet’s VXLAN in by the hosts’ own network and from the hosts alone', () => {
  const table = tunnelTable({ port: 4789, sources });
  expect(table.match(/udp dport 4789 @th,96,24 >= 8000000 goto \w+/g)).toEqual(
    ['arriving', 'passing', 'leaving'].map(
      (it) => `udp dport 4789 @th,96,24 >= 8000000 goto ${it}`,
    ),
  );
  expect(table).toMatch(/chain arriving \{\n.*iifname != @underlay.*\n.*own-macs.*\n.*@hosts4/);
  expect(table).not.toMatch(/docker|"br-/);
  expect([...tunnelElements({ port: 4789, underlay, sources })]).toEqual([
    'underlay { "br-lan" }',
    'underlay { "eth0" }',
    'own-macs { 02:00:00:00:00:01 }',
    'hosts4 { 10.0.0.2 }',
    'hosts6 { fd00::2 }',
  ]);
});

it('has packets between the hosts untracked, of either family, and nobody else’s', () => {
  const of = (untracked?: string) =>
    tunnelTable({ port: 4789, sources, ...(untracked === undefined ? {} : { untracked }) });
  expect(of()).not.toContain('notrack');
  const table = of('10.0.0.1');
  expect(table).toMatch(
    /hook prerouting priority -300.*\n +ip daddr 10.0.0.1 udp dport 4789 @th,96,24 >= 8000000 notrack/,
  );
  // What is not from an address of this host was dropped before.
  expect(table).toMatch(/chain leaving \{\n.*drop\n +ip saddr 10.0.0.1 notrack\n/);
  expect(of('fd00::1')).toContain('ip6 saddr fd00::1 notrack');
});

it('nothing of an encrypted network comes or goes in clear, before any other rule is asked', () => {
  const table = tunnelTable({ port: 4789, sources, encrypted: [8_000_001, 8_000_002] });
  const rule = 'udp dport 4789 @th,96,24 { 8000001, 8000002 } counter name in-clear drop';
  for (const hook of ['input', 'output']) {
    const first = new RegExp(`hook ${hook} priority -300; policy accept;\n +(.*)\n`).exec(table);
    expect(first?.[1]).toBe(rule);
  }
  // Another Swarm's hosts, of which this one passes packets on, may have a plain network under that id.
  expect(table.split(rule)).toHaveLength(3);
  const plain = tunnelTable({ port: 4789, sources });
  expect(tunnelTable({ port: 4789, sources, encrypted: [] })).toBe(plain);
  expect(plain).not.toContain('in-clear');
});

it('says what it was made from: another port is another mark', () => {
  const mark = (port: number) => /comment "(.*)"/.exec(tunnelTable({ port, sources }))?.[1];
  expect(mark(4789)).toMatch(/^castnet [0-9a-f]+$/);
  expect(mark(4789)).toBe(mark(4789));
  expect(mark(4789)).not.toBe(mark(5789));
});

it('drops no host’s packets while the hosts are not known', () => {
  const table = tunnelTable({ port: 4789, sources: undefined });
  expect(table).not.toMatch(/saddr != @hosts/);
  expect(table).toContain('iifname != @underlay');
});

it('takes nothing for a host’s address that is none', () => {
  // A session that ended before it was looked at has no address; nft would ask DNS for the name.
  const named = ['unknown', '', 'h2', '10.0.0.2', 'fe80::1%eth0', 'fd00::2', '10.0.0.0/8', '::'];
  expect([...sourcesSeen(new Map(), named, 0).keys()]).toEqual(['10.0.0.2', 'fd00::2']);
});

it('a host that nobody names any more is let in for some minutes', () => {
  const seen = sourcesSeen(new Map(), ['10.0.0.2'], 1000);
  expect([...sourcesSeen(seen, ['10.0.0.3'], 500_000).keys()]).toEqual(['10.0.0.2', '10.0.0.3']);
  expect([...sourcesSeen(seen, [], 700_000).keys()]).toEqual([]);
});

it('lets nobody further in by the host’s own links, and has no such rules without one', () => {
  const of = (exposed: string[]) => tunnelTable({ port: 4789, sources, exposed });
  expect(of([])).toBe(tunnelTable({ port: 4789, sources }));
  const table = of(['castnet8000001']);
  const chain = /chain by-exposed \{([^}]|\}(?=[^\n]*drop))*\}/.exec(table)?.[0] ?? '';
  expect(chain.match(/^ {4}.*$/gm)?.map((it) => it.trim().replace(/ counter.*/, ''))).toEqual([
    'type filter hook prerouting priority -300; policy accept;',
    'iifname != @exposed return',
    'ip protocol igmp return',
    'fib saddr . iif oif missing',
    'fib daddr . iif type != { local, broadcast, multicast }',
    'icmp type redirect',
    'icmpv6 type { nd-router-advert, nd-redirect }',
  ]);
  expect(table).toContain('oifname @exposed ct state != { established, related }');
  const elements = tunnelElements({ port: 4789, underlay, sources, exposed: ['castnet8000001'] });
  expect([...elements]).toContain('exposed { "castnet8000001" }');
});
