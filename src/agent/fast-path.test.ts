import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FastFact, type FastStep, fastIdentity } from '../core/fastpath/facts.ts';
import { FAST_COUNTS, type FastTallies } from '../core/fastpath/tallies.ts';
import type { Route } from '../core/fastpath/underlay.ts';
import { type Fact, identity } from '../core/forwarding/facts.ts';
import type { Membership } from '../core/membership/membership.ts';
import { portName } from '../core/names.ts';
import { groupMac } from '../net/group.ts';
import { FastPath, type FastPathOptions } from './fast-path.ts';

const ID = 'a1b2c3d4e5f6a7b8';
const DEV = portName(ID);
const MAC = '02:42:0a:00:01:05';
const THERE = '02:42:0a:00:01:06';
const AWAY = '02:42:0a:00:01:07';
const SLOW: Fact[] = [
  { kind: 'station', bridge: 'cb5', dev: DEV, mac: MAC },
  { kind: 'route', dev: 'cx5', mac: THERE, to: '10.9.0.2' },
  { kind: 'route', dev: 'cx5', mac: AWAY, to: '10.9.0.3' },
];
const TALLIES: FastTallies = {
  flows: [{ port: 14, group: '239.1.1.1', packets: 3, bytes: 300 }],
  given: [{ port: 14, packets: 4, bytes: 400 }],
  hosts: [],
  counts: Object.fromEntries(FAST_COUNTS.map((it) => [it, 0])) as FastTallies['counts'],
};
const network = { id: 'net', vni: 5, options: {} };
const endpoint = { id: ID, network: 'net', address: '10.0.1.5/24', mac: MAC, mtu: 1450, since: 0 };
const tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };
const state = {
  networks: new Map([['net', network]]),
  endpoints: new Map([[ID, endpoint]]),
};

/** A kernel in memory. */
function world(setting: FastPathOptions['setting'], trial = { problem: '', ipv6: '', groups: '' }) {
  const calls: string[] = [];
  const inside = new Map([
    ['cfp', 13],
    [DEV, 14],
  ]);
  const rows: Membership[] = [];
  const now = {
    slow: SLOW as Fact[] | undefined,
    card: 'eth0',
    at: 0,
    refuses: '',
    uncounted: '',
    unloaded: '',
    rows,
    /** What changed of `slow`. */
    changed: [] as Fact[],
    /** How often it was asked for all that bridges and tunnels hold, which takes a while. */
    asked: 0,
  };
  let facts = new Map<string, FastFact>();
  const kernel: FastPathOptions['kernel'] = {
    try: async () => {
      calls.push('try');
      return trial;
    },
    load: async () => {
      if (now.unloaded !== '') throw new Error(now.unloaded);
      calls.push('load');
    },
    look: async () => ({
      facts: [...facts.values()],
      programs: { from_container: 1, to_wire: 2, from_wire: 3, to_container: 4 },
      inside: new Map(inside),
      outside: new Map([
        ['cfh', 12],
        ['eth0', 2],
      ]),
    }),
    write: async (steps: readonly FastStep[]) => {
      if (now.refuses !== '') throw new Error(now.refuses);
      calls.push(...steps.map(({ action, fact }) => `${action} ${fastIdentity(fact)}`));
      for (const { action, fact } of steps) {
        if (action === 'put') facts.set(fastIdentity(fact), fact);
        else facts.delete(fastIdentity(fact));
      }
    },
    tallies: async () => {
      if (now.uncounted !== '') throw new Error(now.uncounted);
      return TALLIES;
    },
    remove: async () => {
      calls.push('remove');
      facts = new Map();
    },
    readWays: async (hosts) => ({
      routes: new Map(hosts.map((it): [string, Route] => [it, { dev: now.card, special: false }])),
      links: [
        { name: 'eth0', ethernet: true },
        { name: 'wg0', ethernet: false, kind: 'wireguard' },
      ],
      ...{ ipsec: false, foreign: new Map() },
    }),
  };
  const joined = () => ({ state, memberships: () => [...now.rows], silenced: () => [] });
  const host = { tunnel, knowledge: joined } as unknown as FastPathOptions['host'];
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const path = new FastPath({
    ...{ setting, kernel, host, log: silent, now: () => now.at },
    slow: {
      inForce: () => {
        const { slow } = now;
        if (slow === undefined) return undefined;
        return {
          all: () => {
            now.asked += 1;
            return [...slow];
          },
          now: (fact) => slow.find((it) => identity(it) === identity(fact)),
        };
      },
      takeChanged: () => now.changed.splice(0),
    },
  });
  const entries = () => [...facts.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return { path, calls, now, inside, entries, facts: () => entries().map(([key]) => key) };
}

describe('the fast path', () => {
  it('off takes away what is left of it, once, and does nothing else', async () => {
    const { path, calls, now } = world('off');
    await path.loop.request(true);
    await path.loop.request(true);
    await path.loop.request();
    expect([calls, now.asked]).toEqual([['remove'], 0]);
    expect(path.why('net')).toBe('CASTNET_FASTPATH is off');
    expect(path.lacking).toBe('');
  });

  it('holds what bridge and tunnel hold, and changes nothing after', async () => {
    const { path, calls, facts } = world('auto');
    await path.loop.request(true);
    expect(facts()).toEqual([
      ...['filter castnet cfp', `filter castnet ${DEV}`, 'filter host cfh', 'filter host eth0'],
      ...['port 14', 'self', `station 5 ${MAC}`, `station 5 ${THERE}`, `station 5 ${AWAY}`],
      ...['way 10.9.0.2', 'way 10.9.0.3'],
    ]);
    expect(path.why('net')).toBe('');
    calls.length = 0;
    await path.loop.request(true);
    expect(calls).toEqual(['load']);
    expect(await path.plan()).toEqual([]);
  });

  it('lets go of a container before bridge and tunnel do', async () => {
    const { path, now, calls } = world('on');
    await path.loop.request(true);
    calls.length = 0;
    now.slow = SLOW.slice(0, 2);
    now.changed = SLOW.slice(2);
    expect(await path.plan()).toHaveLength(2);
    await path.leave();
    expect(calls).toEqual([`remove station 5 ${AWAY}`, 'remove way 10.9.0.3']);
  });

  it('has a group while bridge and tunnel give it to members alone, and lets go of a host first', async () => {
    const { path, now, calls, facts } = world('on');
    const [group, mac] = ['239.1.1.1', '01:00:5e:01:01:01'];
    const member: Fact = {
      ...{ kind: 'member', bridge: 'cb5', dev: 'cx5', group, settled: true },
    };
    const copies = ['10.9.0.2', '10.9.0.3'].map(
      (to): Fact => ({ kind: 'copy', dev: 'cx5', mac, to }),
    );
    now.slow = [...SLOW, member, ...copies];
    now.rows.push({ bridge: 'cb5', port: DEV, group, mode: 'exclude' });
    await path.loop.request(true);
    expect(facts()).toContain(`group 5 ${group}`);
    expect(path.whyGroups('net')).toBe('');
    calls.length = 0;
    now.slow = [...SLOW, member, ...copies.slice(1)];
    now.changed = copies.slice(0, 1);
    await path.leave();
    expect(calls).toEqual([`put group 5 ${group}`]);
    now.rows.push({ bridge: 'cb5', port: DEV, group, mode: 'include', source: '10.0.1.9' });
    await path.loop.request();
    expect(facts()).not.toContain(`group 5 ${group}`);
    expect(path.left('net')).toContain(`not ${group}: some member wants certain sources only`);
  });

  it('of a kernel that has no groups is for unicast alone, and says so', async () => {
    const { path, now, facts } = world('on', {
      problem: '',
      ipv6: '',
      groups: 'lost those of 64 bytes',
    });
    now.rows.push({ bridge: 'cb5', port: DEV, group: '239.1.1.1', mode: 'exclude' });
    await path.loop.request(true);
    expect(facts()).not.toContain('group 5 239.1.1.1');
    expect(path.why('net')).toBe('');
    expect(path.whyGroups('net')).toBe('lost those of 64 bytes');
  });

  it('changes nothing while it is not known what bridge and tunnel shall hold', async () => {
    const { path, now, facts } = world('on');
    await path.loop.request(true);
    now.slow = undefined;
    await path.loop.request(true);
    expect(facts()).toHaveLength(11);
  });

  it('asks the kernel again for a port that is new to it, and once only', async () => {
    const { path, inside, facts, calls } = world('on');
    inside.delete(DEV);
    await path.loop.request(true);
    await path.loop.request();
    expect(facts()).not.toContain('port 14');
    const looks = calls.filter((it) => it === 'load').length;
    inside.set(DEV, 14);
    await path.loop.request(true);
    expect(facts()).toContain('port 14');
    expect(looks).toBeLessThanOrEqual(2);
  });

  it('goes when the way to the hosts is no card any more, and tells why', async () => {
    const { path, now, facts } = world('on');
    await path.loop.request(true);
    now.card = 'wg0';
    await path.loop.request(true);
    expect(facts()).toEqual(['filter castnet cfp', 'filter host cfh']);
    expect(path.why('net')).toContain('wg0');
  });

  it.each(['on', 'auto'] as const)(
    '%s, of a kernel that fails its trial is none',
    async (setting) => {
      const { path, calls, now } = world(setting, {
        problem: 'TCP: no answer',
        ipv6: '',
        groups: '',
      });
      await path.loop.request(true);
      await path.loop.request(true);
      expect(calls).toEqual(['try', 'remove']);
      expect(path.why('net')).toBe('TCP: no answer');
      expect(path.lacking).toBe(setting === 'on' ? 'TCP: no answer' : '');
      now.at = 200_000;
      await path.loop.request(true);
      expect(calls).toEqual(['try', 'remove', 'try']);
    },
  );

  it('tells what it counted by the names of ports; what cannot be read is no trouble', async () => {
    const { path, now } = world('on');
    expect(await path.traffic()).toBeUndefined();
    await path.loop.request(true);
    const flow = { port: DEV, source: '10.0.1.5', group: '239.1.1.1', packets: 3, bytes: 300 };
    expect(await path.traffic()).toMatchObject({
      flows: [flow],
      given: new Map([[DEV, { packets: 4, bytes: 400 }]]),
    });
    now.uncounted = 'no such map';
    expect(await path.traffic()).toBeUndefined();
    expect(path.lacking).toBe('');
  });

  it('without IPv6 tells so', async () => {
    const { path } = world('on', { problem: '', ipv6: 'no answer', groups: '' });
    await path.loop.request(true);
    expect(path.but).toBe('not IPv6: no answer');
  });

  it('that cannot be read twice is taken away, and comes back', async () => {
    const { path, now, calls, facts } = world('on');
    await path.loop.request(true);
    now.unloaded = 'mounting it: permission denied';
    await path.loop.request(true);
    expect(calls).not.toContain('remove');
    await path.loop.request(true);
    await path.loop.request(true);
    expect(calls.filter((it) => it === 'remove')).toHaveLength(1);
    expect(path.why('net')).toBe('mounting it: permission denied');
    expect(path.lacking).toBe('mounting it: permission denied');
    now.unloaded = '';
    await path.loop.request(true);
    expect(facts()).toHaveLength(11);
    expect(path.why('net')).toBe('');
    path.loop.close();
  });

  it('a refused step is told while nothing of it is there', async () => {
    const { path, now } = world('on');
    now.refuses = 'no space';
    await path.loop.request(true);
    expect(path.why('net')).toBe('no space');
    expect(path.lacking).toBe('no space');
    path.loop.close();
  });

  it('looks at everything after a run that came to nothing', async () => {
    const { path, now, facts } = world('on');
    await path.loop.request(true);
    // As one that a person made by hand, of a MAC.
    const stray: Fact = {
      ...{ kind: 'member', bridge: 'cb5', dev: 'cx5', group: '01:00:5e:01:01:01', settled: false },
    };
    now.slow = SLOW.slice(0, 2);
    now.changed = [stray, ...SLOW.slice(2)];
    await path.loop.request();
    await path.loop.request();
    expect(facts()).not.toContain(`station 5 ${AWAY}`);
    path.loop.close();
  });

  it('after any changes of groups holds what it would hold had it looked at everything', async () => {
    const groups = ['239.1.1.1', '239.129.1.1', '239.1.1.2', 'ff15::1'];
    const hosts = ['10.9.0.2', '10.9.0.3', '10.9.0.9'];
    const member = (group: string, settled: boolean): Fact => ({
      ...{ kind: 'member', bridge: 'cb5', dev: 'cx5', group, settled },
    });
    const copy = (group: string, to: string): Fact => ({
      ...{ kind: 'copy', dev: 'cx5', mac: groupMac(group), to },
    });
    const row = (group: string, source?: string): Membership => ({
      ...{ bridge: 'cb5', port: DEV, group, mode: 'exclude' },
      ...(source === undefined ? {} : { source }),
    });
    const group = fc.constantFrom(...groups);
    const change = fc.oneof(
      fc.tuple(group, fc.boolean()).map(([it, settled]) => ({ slow: member(it, settled) })),
      fc.tuple(group, fc.constantFrom(...hosts)).map(([it, to]) => ({ slow: copy(it, to) })),
      fc
        .tuple(group, fc.constantFrom(undefined, '10.0.1.9'))
        .map(([it, of]) => ({ row: row(it, of) })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 12 }),
        async (runs) => {
          const { path, now, entries } = world('on');
          await path.loop.request(true);
          for (const run of runs) {
            for (const it of run) {
              if ('slow' in it) {
                const key = identity(it.slow);
                const others = (now.slow ?? []).filter((fact) => identity(fact) !== key);
                const isThere = others.length < (now.slow ?? []).length;
                now.slow = isThere ? others : [...others, it.slow];
                now.changed.push(it.slow);
              } else {
                const at = now.rows.findIndex((other) => isDeepStrictEqual(other, it.row));
                if (at < 0) now.rows.push(it.row);
                else now.rows.splice(at, 1);
              }
            }
            await path.loop.request();
          }
          const fresh = world('on');
          fresh.now.slow = now.slow;
          fresh.now.rows.push(...now.rows);
          await fresh.path.loop.request(true);
          expect(entries()).toEqual(fresh.entries());
          expect(path.left('net')).toBe(fresh.path.left('net'));
          expect(now.asked).toBe(1);
        },
      ),
    );
  });
});
