/** Every kind of IPv4 group: protocol versions, sources, link-local, shared MACs, many, large. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupMac } from '../../src/net/group.ts';
import { plan } from '../kit/agent.ts';
import { inCastnet } from '../kit/kernel.ts';
import type { Station } from '../kit/station.ts';
import { Capture } from './support/capture.ts';
import { useCrew } from './support/crew.ts';
import { everyPair, settledPairs, untilHeard } from './support/group.ts';
import { allowGroups, inNetwork, joinExcluding, received, setSysctl } from './support/inside.ts';
import { kindArgs, tunnelOf } from './support/network-kind.ts';
import { useSharedLab } from './support/shared-lab.ts';

const COUNT = 20;
/** So many that they stand out among the few packets that come anyhow. */
const MANY = 200;
const FEW = 20;

const lab = useSharedLab('groups');
const crew = useCrew(lab, { network: 'groups', args: kindArgs });
const { station, all, copiedTo } = crew;
let capture: Capture;
beforeEach(async () => {
  capture = await Capture.start(lab().host('h1'));
});
afterEach(() => capture.stop());

const h2 = (): string => lab().host('h2').address;
const h3 = (): string => lab().host('h3').address;
const away = (): Station[] => [station('h2'), station('h3')];

/** Says packets from h1 and returns how many copies left for each host. */
async function copiesOf(from: Station, group: string, tag: string, count = COUNT) {
  await from.say({ to: group, tag, count, rate: 2_000 });
  await capture.fence(from, away());
  return capture.copies(tag);
}

describe.each([1, 2, 3])('IGMPv%i', (version) => {
  const group = `239.30.0.${version}`;
  it('a member of this version is copied to, its neighbour is not', async () => {
    const member = station('h2');
    await setSysctl(member.container, 'net.ipv4.conf.eth0.force_igmp_version', version);
    await member.join(group);
    await copiedTo('h1', groupMac(group), ['h2']);
    const spoken = await inNetwork(member.container, ['cat', '/proc/net/igmp']);
    expect(spoken).toMatch(new RegExp(`eth0\\s.*V${version}`));
    expect(await copiesOf(station('h1'), group, `v${version}`)).toEqual({ [h2()]: COUNT });
    await member.hears(station('h1'), { tag: `v${version}`, count: COUNT });
    expect(await station('h2', 'b').heard(`v${version}`)).toEqual([]);
    await member.leave(group);
    // Version 1 has no word for it: the bridge waits until nobody has answered for long.
    if (version > 1) await copiedTo('h1', groupMac(group), []);
    await setSysctl(member.container, 'net.ipv4.conf.eth0.force_igmp_version', 0);
  });
});

it('an entry that a stray report left on the tunnel does not stand in a member’s way', async () => {
  const group = '239.30.0.9';
  const stray = `dev cb${crew.vni()} port ${tunnelOf(crew.vni())} grp ${group} temp`;
  await inCastnet(lab().host('h1'), ['bridge', 'mdb', 'add', ...stray.split(' ')]);
  const member = station('h2');
  await member.join(group);
  await copiedTo('h1', groupMac(group), ['h2']);
  expect(await copiesOf(station('h1'), group, 'stray')).toEqual({ [h2()]: COUNT });
  await member.hears(station('h1'), { tag: 'stray', count: COUNT });
  await member.leave(group);
  await copiedTo('h1', groupMac(group), []);
});

describe('from certain sources only (IGMPv3)', () => {
  it('a host is copied only what a source sends that its members asked for', async () => {
    const group = '232.30.1.1';
    const [wanted, other] = [station('h1'), station('h1', 'b')];
    await station('h2').join(group, { source: wanted.container.ip });
    await copiedTo('h1', groupMac(group), ['h2']);
    expect(await copiesOf(wanted, group, 'wanted')).toEqual({ [h2()]: COUNT });
    expect(await copiesOf(other, group, 'unwanted')).toEqual({});
    await station('h2').hears(wanted, { tag: 'wanted', count: COUNT });
    await station('h2').leave(group, { source: wanted.container.ip });
    await copiedTo('h1', groupMac(group), []);
  });

  it('of two members on one host each gets its own source, also from another host', async () => {
    const group = '232.30.1.2';
    const [a, b] = [station('h1'), station('h3')];
    const [first, second] = [station('h2'), station('h2', 'b')];
    await first.join(group, { source: a.container.ip });
    await second.join(group, { source: b.container.ip });
    await copiedTo('h1', groupMac(group), ['h2']);
    await copiedTo('h3', groupMac(group), ['h2']);
    const before = await received(first.container);
    await a.say({ to: group, tag: 'of-a', count: COUNT });
    await b.say({ to: group, tag: 'of-b', count: MANY, rate: 2_000 });
    await first.hears(a, { tag: 'of-a', count: COUNT });
    await second.hears(b, { tag: 'of-b', count: MANY });
    expect(await first.heard('of-b')).toEqual([]);
    expect(await second.heard('of-a')).toEqual([]);
    // Not its socket kept the other source out, but the bridge.
    expect((await received(first.container)) - before).toBeLessThan(COUNT + FEW);
  });

  it('one member that takes all sources and one that takes one share the host’s copy', async () => {
    const group = '232.30.1.3';
    const [a, b] = [station('h1'), station('h1', 'b')];
    const [some, every] = [station('h2'), station('h2', 'b')];
    await some.join(group, { source: a.container.ip });
    await copiedTo('h1', groupMac(group), ['h2']);
    await every.join(group);
    await untilHeard({ from: b, at: every, group });
    expect(await copiesOf(a, group, 'a-both')).toEqual({ [h2()]: COUNT });
    expect(await copiesOf(b, group, 'b-both')).toEqual({ [h2()]: COUNT });
    for (const from of [a, b]) {
      const tag = from === a ? 'a-both' : 'b-both';
      expect(await every.hears(from, { tag, count: COUNT })).toMatchObject({ doubles: 0 });
    }
    await some.hears(a, { tag: 'a-both', count: COUNT });
    expect(await some.heard('b-both')).toEqual([]);
  });

  it('a source that the member excludes does not get into its container', async () => {
    const group = '239.30.1.4';
    const [fine, excluded] = [station('h1'), station('h3')];
    const member = station('h2');
    const sources = [excluded.container.ip];
    const leave = await joinExcluding(member.container, { group, sources });
    await copiedTo('h1', groupMac(group), ['h2']);
    await copiedTo('h3', groupMac(group), ['h2']);
    const before = await received(member.container);
    await excluded.say({ to: group, tag: 'excluded', count: MANY, rate: 2_000 });
    // The station has no membership of its own, so it hears what its container has joined.
    await fine.say({ to: group, tag: 'not-excluded', count: COUNT });
    await member.hears(fine, { tag: 'not-excluded', count: COUNT });
    expect(await member.heard('excluded')).toEqual([]);
    expect((await received(member.container)) - before).toBeLessThan(COUNT + FEW);
    await leave();
    await copiedTo('h1', groupMac(group), []);
  });
});

it('every address of 224.0.0.0/24 reaches every container of every host, once', async () => {
  // 224.0.0.22 is for membership reports, which stay on their host.
  const numbers = Array.from({ length: 255 }, (_, index) => index + 1).filter((it) => it !== 22);
  const groups = numbers.map((it) => `224.0.0.${it}`);
  // A group elsewhere with the same MAC must not draw them all to its members.
  await station('h2', 'b').join('239.0.0.251');
  for (const each of all()) {
    await allowGroups(each.container, 300);
    for (const group of groups) await each.join(group);
  }
  const from = station('h1');
  for (const to of groups) await from.say({ to, tag: to });
  const others = all().filter((it) => it !== from);
  const last = groups.at(-1) as string;
  for (const each of others) await each.hears(from, { tag: last, count: 1 });
  for (const each of others) {
    const heard = (await each.heard()).filter((it) => it.from === from.name);
    const once = heard.filter((it) => it.count === 1 && it.doubles === 0).map((it) => it.tag);
    expect(
      groups.filter((it) => !once.includes(it)),
      each.name,
    ).toEqual([]);
  }
  await capture.fence(from, away());
  expect(capture.copies('224.0.0.107')).toEqual({ [h2()]: 1, [h3()]: 1 });
  await from.say({ to: '239.0.0.251', tag: 'same-mac' });
  await station('h2', 'b').hears(from, { tag: 'same-mac', count: 1 });
});

it('of two groups with one MAC, a container gets the one it joined only', async () => {
  const [mine, theirs] = ['239.1.1.1', '224.129.1.1'];
  expect(groupMac(mine)).toBe(groupMac(theirs));
  await station('h2').join(mine);
  await station('h3').join(theirs);
  await copiedTo('h1', groupMac(mine), ['h2', 'h3']);
  const bystanders = [station('h2'), station('h2', 'b')];
  const before = await Promise.all(bystanders.map((it) => received(it.container)));
  await station('h1').say({ to: theirs, tag: 'theirs', count: MANY, rate: 2_000 });
  await station('h3').hears(station('h1'), { tag: 'theirs', count: MANY });
  await station('h1').say({ to: mine, tag: 'mine', count: COUNT });
  await station('h2').hears(station('h1'), { tag: 'mine', count: COUNT });
  for (const [index, each] of bystanders.entries()) {
    const came = (await received(each.container)) - (before[index] as number);
    expect(came, each.name).toBeLessThan(COUNT + FEW);
  }
  expect(await station('h3').heard('mine')).toEqual([]);
});

it('600 groups of one network are each copied to the host with members only', async () => {
  const list = (high: number) => Array.from({ length: 300 }, (_, low) => groupOf(high, low));
  const [near, far] = [station('h2'), station('h3', 'b')];
  for (const [index, member] of [near, far].entries()) {
    await allowGroups(member.container, 1_000);
    for (const group of list(index)) await member.join(group);
  }
  await copiedTo('h1', groupMac(groupOf(0, 299)), ['h2']);
  await copiedTo('h1', groupMac(groupOf(1, 299)), ['h3']);
  const from = station('h1');
  for (const group of [...list(0), ...list(1)]) await from.say({ to: group, tag: group });
  await capture.fence(from, away());
  for (const [index, address] of [h2(), h3()].entries()) {
    const wrong = list(index).filter(
      (it) => JSON.stringify(capture.copies(it)) !== JSON.stringify({ [address]: 1 }),
    );
    expect(wrong).toEqual([]);
  }
  for (const [index, member] of [near, far].entries()) {
    await member.hears(from, { tag: groupOf(index, 299), count: 1 });
    const tags = (await member.heard()).filter((it) => it.from === from.name).map((it) => it.tag);
    expect(list(index).filter((it) => !tags.includes(it))).toEqual([]);
  }
  for (const host of lab().hosts) expect(await plan(host), host.name).toEqual([]);
});

const groupOf = (high: number, low: number): string =>
  `239.31.${high * 2 + Math.floor(low / 250)}.${(low % 250) + 1}`;

it('datagrams of 60 kB, sent by everyone at once, arrive whole everywhere', async () => {
  const group = '239.30.2.1';
  for (const each of all()) await each.join(group);
  for (const host of ['h1', 'h2', 'h3']) {
    const others = ['h1', 'h2', 'h3'].filter((it) => it !== host);
    await copiedTo(host, groupMac(group), others);
  }
  const say = { to: group, tag: 'large', size: 60_000, count: 5, rate: 50 };
  await Promise.all(all().map((it) => it.say(say)));
  expect(await settledPairs(all(), { tag: 'large', count: 5 })).toEqual(everyPair(all(), 5));
});
