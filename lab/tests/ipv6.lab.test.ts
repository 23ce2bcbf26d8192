/** IPv6 on castnet networks: derived addresses, MLD, groups, and who has which address. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupMac } from '../../src/net/group.ts';
import { hostReport, http, pluginSocket } from '../kit/agent.ts';
import type { Container } from '../kit/stack.ts';
import { until } from '../run.ts';
import { Capture } from './support/capture.ts';
import { useCrew } from './support/crew.ts';
import { untilHeard } from './support/group.ts';
import { inNetwork, sendFrames, setSysctl } from './support/inside.ts';
import type { TunnelFrame } from './support/pcap.ts';
import { useSharedLab } from './support/shared-lab.ts';

const COUNT = 10;
/** Names the interface to a group that many of them may have. */
const BY_ETH0 = { interface: '::%eth0' };

const lab = useSharedLab('ipv6');
const crew = useCrew(lab, {
  network: 'ipv6',
  args: ['--opt', 'ipv6=fd00:66::/64', '--subnet', '10.166.0.0/24'],
  family: 'udp6',
});
const { station, all, copiedTo } = crew;
let capture: Capture;
beforeEach(async () => {
  capture = await Capture.start(lab().host('h1'));
});
afterEach(() => capture.stop());

/** 10.166.0.9 becomes fd00:66::aa6:9. */
const derived = ({ ip }: Container): string =>
  `fd00:66::aa6:${Number(ip.split('.').at(-1)).toString(16)}`;

async function pings(from: Container, to: string): Promise<boolean> {
  const argv = ['exec', from.id, 'ping', '-c', '1', '-W', '1', to];
  return from.host.docker(argv).then(
    () => true,
    () => false,
  );
}

describe('addresses', () => {
  it('each container has the one derived from its IPv4 address, all different', async () => {
    const found: string[] = [];
    for (const { container } of all()) {
      const shown = await inNetwork(container, ['ip', '-6', 'address', 'show', 'scope', 'global']);
      found.push(/inet6 (\S+)\/64/.exec(shown)?.[1] ?? '');
    }
    expect(found).toEqual(all().map(({ container }) => derived(container)));
    expect(new Set(found).size).toBe(6);
    const reports = await Promise.all(lab().hosts.map((host) => hostReport(host)));
    const told = reports.flatMap(({ networks }) => networks.flatMap((it) => it.endpoints));
    expect(told.map((it) => it.ipv6).sort()).toEqual(found.map((it) => `${it}/64`).sort());
  });

  it('each container reaches each other at it', async () => {
    for (const from of all()) {
      for (const to of all()) {
        const reached = from === to || (await pings(from.container, derived(to.container)));
        expect(reached, `${from.name} to ${to.name}`).toBe(true);
      }
    }
  });

  it.each([
    ['fd00::/104', /ipv6="fd00::\/104".*at most 96 bits/],
    ['10.0.0.0/8', /ipv6="10\.0\.0\.0\/8".*IPv6 prefix/],
    ['ff02::/64', /ipv6="ff02::\/64".*IPv6 prefix/],
    ['fe80::/64', /ipv6="fe80::\/64".*IPv6 prefix/],
    ['::1/128', /ipv6="::1\/128".*IPv6 prefix/],
    ['yes', /ipv6="yes".*IPv6 prefix/],
  ])('a prefix that cannot be used (%s) is refused in words', async (ipv6, words) => {
    const socketPath = await pluginSocket(lab().host('h1'));
    const path = '/NetworkDriver.AllocateNetwork';
    const request = { NetworkID: 'refused0000000000000000006', Options: { ipv6 }, IPv4Data: [] };
    const body = JSON.stringify(request);
    const { text } = await http({ socketPath, method: 'POST', path, body });
    expect((JSON.parse(text) as { Err?: string }).Err).toMatch(words);
  });
});

describe('groups', () => {
  const h2 = (): string => lab().host('h2').address;

  it.each([1, 2])('a member by MLDv%i is copied to, its neighbour is not', async (version) => {
    const group = `ff05::6:${version}`;
    const [from, member] = [station('h1'), station('h2')];
    await setSysctl(member.container, 'net.ipv6.conf.eth0.force_mld_version', version);
    await member.join(group, BY_ETH0);
    await copiedTo('h1', groupMac(group), ['h2']);
    await from.say({ to: `${group}%eth0`, tag: `mld-${version}`, count: COUNT });
    await member.hears(from, { tag: `mld-${version}`, count: COUNT });
    expect(await station('h2', 'b').heard(`mld-${version}`)).toEqual([]);
    await member.leave(group, BY_ETH0);
    await copiedTo('h1', groupMac(group), []);
    await setSysctl(member.container, 'net.ipv6.conf.eth0.force_mld_version', 0);
  });

  it('a member for one source (MLDv2) gets that source’s packets only', async () => {
    const group = 'ff3e::66';
    const [wanted, other] = [station('h1'), station('h1', 'b')];
    const membership = { ...BY_ETH0, source: derived(wanted.container) };
    await station('h2').join(group, membership);
    await copiedTo('h1', groupMac(group), ['h2']);
    for (const from of [other, wanted]) {
      await from.say({ to: `${group}%eth0`, tag: `by-${from.name}`, count: COUNT });
    }
    await station('h2').hears(wanted, { tag: `by-${wanted.name}`, count: COUNT });
    expect(await station('h2').heard(`by-${other.name}`)).toEqual([]);
    await captured((it) => it.innerMac === groupMac(group), COUNT);
    expect(innerSources(groupMac(group))).toEqual({
      [`${derived(wanted.container)} ${h2()}`]: COUNT,
    });
  });

  it.each([
    'ff02::5',
    'ff02::fb',
    'ff02::c',
    'ff02::12',
    'ff02::6b',
    'ff02::1:3',
    'ff02::1234:abcd',
  ])('%s reaches whoever joined it on every host, once', async (group) => {
    const from = station('h1');
    const others = all().filter((it) => it !== from);
    for (const each of others) await each.join(group, BY_ETH0);
    await copiedTo('h1', groupMac(group), ['h2', 'h3']);
    await from.say({ to: `${group}%eth0`, tag: group, count: COUNT });
    for (const each of others) {
      const heard = await each.hears(from, { tag: group, count: COUNT });
      expect(heard, each.name).toMatchObject({ doubles: 0 });
    }
  });

  it('ff02::1 reaches every container, though another group has its MAC', async () => {
    await station('h2').join('ff05::1', BY_ETH0);
    await untilHeard({ from: station('h1'), at: station('h2'), group: 'ff05::1%eth0' });
    await station('h1').say({ to: 'ff02::1%eth0', tag: 'all-nodes', count: COUNT });
    for (const each of all().filter((it) => it !== station('h1'))) {
      await each.hears(station('h1'), { tag: 'all-nodes', count: COUNT });
    }
  });
});

/** Waits until so many frames of some kind have left h1. */
async function captured(kind: (frame: TunnelFrame) => boolean, count = 1): Promise<void> {
  await until(async () => capture.sent.filter(kind).length >= count || undefined, {
    what: `${count} frames on the underlay`,
    timeoutMs: 5_000,
    everyMs: 20,
  });
}

/** Inner IPv6 packets for a MAC by "inner source, outer destination". */
function innerSources(mac: string): Record<string, number> {
  const count: Record<string, number> = {};
  for (const { innerMac, innerFrom, to } of capture.sent) {
    if (innerMac !== mac) continue;
    const key = `${innerFrom} ${to}`;
    count[key] = (count[key] ?? 0) + 1;
  }
  return count;
}

describe('who has which address', () => {
  it('is asked of the host that has the address only, and answered', async () => {
    const [from, to] = [station('h1').container, station('h2').container];
    await inNetwork(from, ['ip', 'neigh', 'flush', 'dev', 'eth0']);
    expect(await pings(from, derived(to))).toBe(true);
    await captured((it) => it.innerFrom === derived(from) && it.innerMac === to.mac);
    const last = Number(to.ip.split('.').at(-1)).toString(16).padStart(2, '0');
    const asked = innerSources(`33:33:ff:a6:00:${last}`);
    expect(asked).toEqual({ [`${derived(from)} ${to.host.address}`]: 1 });
  });

  it('IPv4: the bridge answers itself, and no ARP leaves the host', async () => {
    const [from, to] = [station('h1').container, station('h2').container];
    await inNetwork(from, ['ip', 'neigh', 'flush', 'dev', 'eth0']);
    expect(await pings(from, to.ip)).toBe(true);
    await captured((it) => it.innerTo === to.ip);
    expect(capture.sent.filter((it) => it.etherType === ARP)).toEqual([]);
  });

  it('an address that moves is told to all hosts by gratuitous ARP, as VRRP does', async () => {
    const [old, heir, other] = [station('h1'), station('h2'), station('h3')].map(
      (it) => it.container,
    ) as [Container, Container, Container];
    const virtual = '10.166.0.200';
    await inNetwork(old, ['ip', 'address', 'add', `${virtual}/24`, 'dev', 'eth0']);
    expect(await pings(other, virtual)).toBe(true);
    expect(await macOf(other, virtual)).toBe(old.mac);
    await inNetwork(old, ['ip', 'address', 'del', `${virtual}/24`, 'dev', 'eth0']);
    await inNetwork(heir, ['ip', 'address', 'add', `${virtual}/24`, 'dev', 'eth0']);
    await sendFrames(heir, [gratuitousArp(heir.mac, virtual)]);
    await until(async () => (await macOf(other, virtual)) === heir.mac || undefined, {
      what: 'the new MAC on the third host',
      timeoutMs: 5_000,
    });
    expect(await pings(other, virtual)).toBe(true);
  });

  it('a second container that takes an IPv6 address in use finds out (RFC 4862)', async () => {
    const [first, second] = [station('h1').container, station('h3').container];
    const add = ['ip', 'address', 'add', 'fd00:66::bad/64', 'dev', 'eth0'];
    await inNetwork(first, add);
    const show = ['ip', '-6', 'address', 'show', 'dev', 'eth0'];
    const state = async (of: Container) =>
      (await inNetwork(of, show)).split('\n').find((it) => it.includes('fd00:66::bad'));
    await until(async () => !(await state(first))?.includes('tentative') || undefined, {
      what: 'the address of the first',
      timeoutMs: 5_000,
    });
    await inNetwork(second, add);
    await until(async () => (await state(second))?.includes('dadfailed') || undefined, {
      what: 'the refusal of the second',
      timeoutMs: 5_000,
    });
  });
});

/** EtherType. */
const ARP = 0x0806;

async function macOf(at: Container, ip: string): Promise<string> {
  const shown = await inNetwork(at, ['ip', 'neigh', 'show', ip]);
  return /lladdr (\S+)/.exec(shown)?.[1] ?? '';
}

/** "I have this address", to all who have asked before: sender and target are the same. */
function gratuitousArp(mac: string, ip: string): Buffer {
  const own = mac.replaceAll(':', '');
  const address = ip
    .split('.')
    .map((it) => Number(it).toString(16).padStart(2, '0'))
    .join('');
  const body = ['0001', '0800', '06', '04', '0001', own, address, '000000000000', address];
  return Buffer.from(`ffffffffffff${own}0806${body.join('')}`, 'hex');
}
