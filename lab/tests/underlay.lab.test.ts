/** Whatever lies between the hosts: both families, large and small packets, routers, two networks. */
import { describe, expect, it } from 'vitest';
import { hostReport, plan } from '../kit/agent.ts';
import { tunnelEntries } from '../kit/kernel.ts';
import type { Station } from '../kit/station.ts';
import type { LabUpOptions } from '../up.ts';
import { useCrew } from './support/crew.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { inNetwork } from './support/inside.ts';
import { useLab } from './support/lab.ts';

type Case = {
  what: string;
  tag: string;
  options: LabUpOptions;
  /** Where the hosts take tunnel packets. */
  tunnels: string[];
  /** What a container's interface takes, bytes. */
  mtu: number;
};

const V4 = ['10.99.0.1', '10.99.0.2'];
const V6 = ['fd99::1', 'fd99::2'];
const CASES: Case[] = [
  { what: 'IPv6', tag: 'u-six', options: { underlay: 'ipv6' }, tunnels: V6, mtu: 1430 },
  {
    what: 'a router between subnets',
    tag: 'u-routed',
    options: { underlay: 'routed' },
    tunnels: ['10.99.1.1', '10.99.2.1'],
    mtu: 1450,
  },
  {
    what: 'a second network for data (--data-path-addr)',
    tag: 'u-two',
    options: { underlay: 'two' },
    tunnels: ['10.98.0.1', '10.98.0.2'],
    mtu: 1450,
  },
  { what: 'an MTU of 9000', tag: 'u-9000', options: { mtu: 9000 }, tunnels: V4, mtu: 8950 },
  { what: 'an MTU of 1280', tag: 'u-1280', options: { mtu: 1280 }, tunnels: V4, mtu: 1230 },
  {
    what: 'IPv6 and an MTU of 9000',
    tag: 'u-six9000',
    options: { underlay: 'ipv6', mtu: 9000 },
    tunnels: V6,
    mtu: 8930,
  },
];

/** Bytes of the IPv4 and ICMP headers that ping puts before its data. */
const PING_HEADERS = 28;

describe.each(CASES)('over $what', ({ tag, options, tunnels, mtu }) => {
  const lab = useLab(tag, { hosts: 2, managers: 1, ...options });
  const { all, station } = useCrew(lab, { network: 'under' });

  it('tunnels lead to the right addresses', async () => {
    const reports = await Promise.all(lab().hosts.map((host) => hostReport(host)));
    expect(reports.map((it) => it.tunnel?.address)).toEqual(tunnels);
    for (const [index, host] of lab().hosts.entries()) {
      const ways = (await tunnelEntries(host)).map((it) => it.to);
      const elsewhere = new Set(ways.filter((it) => !/^(0\.0\.0\.0|::)$/.test(it)));
      expect([...elsewhere], host.name).toEqual([tunnels[1 - index]]);
      expect(await plan(host), host.name).toEqual([]);
    }
  });

  it.each([
    ['a group', '239.70.0.1'],
    ['a link-local group', '224.0.0.200'],
  ])('%s reaches everyone, once, also in datagrams of 60 kB', async (_what, group) => {
    for (const each of all()) await each.join(group);
    await groupReady(all(), group);
    for (const size of [50, 60_000]) {
      const word = `${group}/${size}`;
      const say = { to: group, tag: word, size, count: 5, rate: 100 };
      await Promise.all(all().map((it) => it.say(say)));
      expect(await settledPairs(all(), { tag: word, count: 5 })).toEqual(everyPair(all(), 5));
    }
  });

  it('broadcast and unicast reach everyone, once', async () => {
    const say = (to: string) => ({ to, tag: 'plain', count: 1 });
    const others = (of: Station) => all().filter((it) => it !== of);
    for (const from of all()) {
      for (const to of others(from)) await from.say(say(to.container.ip));
    }
    expect(await settledPairs(all(), { tag: 'plain', count: 1 })).toEqual(everyPair(all(), 1));
    await Promise.all(all().map((it) => it.say({ ...say('255.255.255.255'), tag: 'all' })));
    expect(await settledPairs(all(), { tag: 'all', count: 1 })).toEqual(everyPair(all(), 1));
  });

  it(`containers have an MTU of ${mtu}, and the largest packet passes whole`, async () => {
    for (const { container } of all()) {
      const shown = await inNetwork(container, ['ip', 'link', 'show', 'dev', 'eth0']);
      expect(shown).toContain(` mtu ${mtu} `);
    }
    const { host, id } = station('h1').container;
    const ping = (size: number): Promise<boolean> => {
      const to = station('h2').container.ip;
      const argv = ['ping', '-M', 'do', '-c', '1', '-W', '2', '-s', String(size), to];
      return host.docker(['exec', id, ...argv]).then(
        () => true,
        () => false,
      );
    };
    expect(await ping(mtu - PING_HEADERS)).toBe(true);
    expect(await ping(mtu - PING_HEADERS + 1)).toBe(false);
  });
});
