import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LocalNetwork, NetworkOptions } from '../local.ts';
import { vxlanName } from '../names.ts';
import { elementChanges, guardElements, guardTable } from './guards.ts';

const network = (options: NetworkOptions): LocalNetwork => ({
  id: 'net-a',
  vni: 8_000_001,
  options,
});

describe('the table', () => {
  it('keeps queries on their host, and has no hook that containers’ packets pass without a reason', () => {
    const table = guardTable([network({})]);
    for (const vni of [8_000_000, 16_777_215])
      for (const tunnel of [vxlanName(vni), vxlanName(vni, true)]) {
        const [start] = tunnel.split(String(vni));
        expect(table).toContain(`oifname "${start}*" ip protocol igmp drop`);
        expect(table).toContain(`oifname "${start}*" icmpv6 type { mld-listener-query,`);
      }
    expect(table).not.toMatch(/hook (prerouting|forward)/);
  });

  it('drops frames with a tag before it looks at anything else', () => {
    const tagged = 'ether type { 8021q, 8021ad } counter name refused-8000001 drop';
    const table = guardTable([network({ sourceCheck: true })], new Set([8_000_001]));
    expect(table).toMatch(new RegExp(`chain guard-8000001 \\{\\n *${tagged}`));
    expect(table).toMatch(new RegExp(`chain silence-8000001 \\{\\n *${tagged}`));
  });

  it('drops all multicast but neighbour discovery where multicast is off', () => {
    const table = guardTable([network({ multicast: false })]);
    expect(table).toContain('ip daddr 224.0.0.0/4 counter name refused-8000001 drop');
    expect(table).toContain('nd-neighbor-solicit');
    expect(table).not.toContain('ip protocol igmp return');
  });

  it('lets pass the groups of the list and no others', () => {
    const table = guardTable([network({ groups: ['239.1.0.0/16', 'ff05::/16'] })]);
    expect(table).toContain('ip daddr 224.0.0.0/4 ip daddr != { 239.1.0.0/16 } counter');
    expect(table).toContain('ip6 daddr ff00::/8 ip6 daddr != { ff05::/16 } counter');
  });

  it('drops the reports of who is silenced, and what its network forbids besides', () => {
    const silenced = new Set([8_000_001]);
    expect(guardTable([network({})])).not.toContain('silence');
    const free = guardTable([network({})], silenced);
    expect(free).toContain('hook prerouting');
    expect(free).toContain('ip protocol igmp counter name refused-8000001 drop');
    expect(free).not.toContain('goto');
    const guarded = guardTable([network({ multicast: false })], silenced);
    expect(guarded).toContain('goto guard-8000001');
    expect(guarded.match(/counter refused-8000001 \{/g)).toHaveLength(1);
  });

  it('limits each container by itself, with no room made beforehand', () => {
    const packets = guardTable([network({ rate: { per: 'packets', second: 100 } })]);
    expect(packets).not.toContain('size');
    expect(packets).toContain(
      'add @rate-8000001 { iifname limit rate over 100/second burst 10 packets }',
    );
    const bytes = guardTable([network({ rate: { per: 'bytes', second: 125_000 } })]);
    expect(bytes).toContain('limit rate over 125000 bytes/second burst 12500 bytes');
  });

  it('drops what is not a container’s own where sources are checked', () => {
    const table = guardTable([network({ sourceCheck: true })]);
    expect(table).toContain('iifname . ip saddr != @own-8000001 counter name refused-8000001 drop');
    expect(table).toContain('igmp type membership-query counter');
  });
});

describe('where the kernel’s bridges cannot lock their ports', () => {
  const endpoint = { id: 'aa', network: 'net-a', address: '10.0.0.2/24', mac: '02:42:0a:00:00:02' };

  it('a rule takes from each container what comes from its own MAC only', () => {
    const table = guardTable([network({})], new Set(), true);
    expect(table).toContain('iifname "cv*" iifname . ether saddr != @own-macs counter drop');
    expect([...guardElements([network({})], [endpoint], new Set(), true)]).toEqual([
      'own-macs { "cvaa" . 02:42:0a:00:00:02 }',
    ]);
  });

  it('it comes before what a network’s settings forbid', () => {
    const table = guardTable([network({ multicast: false })], new Set(), true);
    expect(table.indexOf('@own-macs')).toBeLessThan(table.indexOf('vmap @guarded'));
    expect(table.match(/hook prerouting/g)).toHaveLength(1);
  });
});

describe('the elements of its sets', () => {
  const endpoint = (id: string) => ({ id, network: 'net-a', address: '10.0.0.2/24', mac: '' });

  it('are the ports of networks with such settings, and where sources are checked their addresses', () => {
    expect(guardElements([network({})], [endpoint('aa')]).size).toBe(0);
    const port = 'guarded { "cvaa" : jump guard-8000001 }';
    expect([...guardElements([network({ multicast: false })], [endpoint('aa')])]).toEqual([port]);
    const checked = network({ sourceCheck: true, ipv6: 'fd00::/64' });
    expect([...guardElements([checked], [endpoint('aa')])]).toEqual([
      port,
      'own-8000001 { "cvaa" . 10.0.0.2 }',
      'own6-8000001 { "cvaa" . fd00::a00:2 }',
    ]);
  });

  it('are the silenced ports besides, which obey another chain', () => {
    const [one, two] = [endpoint('aa'), endpoint('bb')];
    expect([...guardElements([network({})], [one, two], new Set(['cvbb']))]).toEqual([
      'guarded { "cvbb" : jump silence-8000001 }',
    ]);
  });

  it('change by what differs alone', () => {
    const elements = fc.uniqueArray(fc.constantFrom('a { 1 }', 'a { 2 }', 'b { 1 }'));
    fc.assert(
      fc.property(elements, elements, (before, after) => {
        const now = new Set<string>(before);
        for (const line of elementChanges(new Set(before), new Set(after))) {
          const [, verb, element = ''] = /^(\w+) element bridge castnet (.*)$/.exec(line) ?? [];
          if (verb === 'add') now.add(element);
          else now.delete(element);
        }
        expect([...now].sort()).toEqual([...after].sort());
      }),
    );
  });
});
