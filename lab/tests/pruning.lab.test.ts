/** Multicast goes to exactly the hosts that have members: counted on the underlay. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { settled, tunnelEntries } from '../kit/kernel.ts';
import {
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  vniOf,
} from '../kit/stack.ts';
import { closeStations, Station, startStations } from '../kit/station.ts';
import { until } from '../run.ts';
import { Capture } from './support/capture.ts';
import { groupReady } from './support/group.ts';
import { kindArgs, tunnelOf } from './support/network-kind.ts';
import { useSharedLab } from './support/shared-lab.ts';

const COUNT = 20;
/** From the last leave until no copy leaves any more, milliseconds. */
const STOPS_WITHIN_MS = 2_500;

const lab = useSharedLab('pruning');
/** The sender and its neighbour are on h1; h2 and h3 have two containers each. */
let sender: Station;
let neighbour: Station;
let onH2: Station[];
let onH3: Station[];
let all: Station[] = [];
let capture: Capture;
let vni = 0;
/** Every test has a group of its own. */
let number = 0;

beforeAll(async () => {
  await createNetwork(lab(), 'prune', kindArgs);
  const containers = [];
  for (const host of lab().hosts) {
    for (const which of ['a', 'b']) {
      const name = `prune-${host.name}-${which}`;
      containers.push(await runContainer(host, { network: 'prune', name }));
    }
  }
  vni = await vniOf(lab(), 'prune');
  await settled(lab(), 'prune');
  all = await startStations(containers);
  [sender, neighbour] = all as [Station, Station];
  onH2 = all.slice(2, 4);
  onH3 = all.slice(4, 6);
});
afterAll(async () => {
  await closeStations(all);
  await removeContainers(all.map((it) => it.container));
  await removeNetwork(lab(), 'prune');
});
beforeEach(async () => {
  number++;
  capture = await Capture.start(sender.container.host);
});
afterEach(() => capture.stop());

const group = (): string => `239.78.0.${number}`;
const h2 = (): string => lab().host('h2').address;
const h3 = (): string => lab().host('h3').address;

/** Waits until the sender's kernel sends the group to exactly these hosts. */
async function sentTo(...addresses: string[]): Promise<void> {
  const mac = `01:00:5e:4e:00:${number.toString(16).padStart(2, '0')}`;
  await until(
    async () => {
      const entries = await tunnelEntries(sender.container.host);
      const ways = entries.filter((it) => it.dev === tunnelOf(vni) && it.mac === mac);
      const now = ways.map((it) => it.to).sort();
      if (now.join() === [...addresses].sort().join()) return true;
      throw new Error(`it goes to ${now.join() || 'none'}`);
    },
    { what: `${group()} going to ${addresses.join() || 'none'}`, timeoutMs: 5_000 },
  );
}

/** Says packets to the group and returns how many copies left for each host. */
async function copiesOf(tag: string): Promise<Record<string, number>> {
  await sender.say({ to: group(), tag, count: COUNT });
  await capture.fence(sender, [...onH2, ...onH3]);
  return capture.copies(tag);
}

it('a group that nobody has joined does not leave the host', async () => {
  expect(await copiesOf('nobody')).toEqual({});
});

it('a group with members on the sender’s host only does not leave it, and reaches them', async () => {
  await sender.join(group());
  await neighbour.join(group());
  await groupReady([sender, neighbour], group());
  expect(await copiesOf('local')).toEqual({});
  const heard = await neighbour.hears(sender, { tag: 'local', count: COUNT });
  expect(heard).toMatchObject({ count: COUNT, doubles: 0 });
});

it('a host with a member gets one copy of each packet, a host without gets none', async () => {
  const [member] = onH2 as [Station];
  await member.join(group());
  await sentTo(h2());
  expect(await copiesOf('one')).toEqual({ [h2()]: COUNT });
  const heard = await member.hears(sender, { tag: 'one', count: COUNT });
  expect(heard).toMatchObject({ count: COUNT, doubles: 0 });
});

it('two members on one host share one copy, and both hear it', async () => {
  for (const member of [...onH2, ...onH3, neighbour]) await member.join(group());
  await sentTo(h2(), h3());
  expect(await copiesOf('shared')).toEqual({ [h2()]: COUNT, [h3()]: COUNT });
  for (const member of [...onH2, ...onH3, neighbour]) {
    const heard = await member.hears(sender, { tag: 'shared', count: COUNT });
    expect(heard).toMatchObject({ count: COUNT, doubles: 0 });
  }
});

it('a container that has not joined hears nothing, though its neighbour has', async () => {
  const [member, other] = onH2 as [Station, Station];
  await member.join(group());
  await sentTo(h2());
  await copiesOf('apart');
  await member.hears(sender, { tag: 'apart', count: COUNT });
  expect(await other.heard('apart')).toEqual([]);
});

it('link-local multicast and broadcast leave once for each other host', async () => {
  await sender.say({ to: '224.0.0.251', tag: 'link-local', count: COUNT });
  await sender.say({ to: '255.255.255.255', tag: 'broadcast', count: COUNT });
  await capture.fence(sender, [...onH2, ...onH3]);
  expect(capture.copies('link-local')).toEqual({ [h2()]: COUNT, [h3()]: COUNT });
  expect(capture.copies('broadcast')).toEqual({ [h2()]: COUNT, [h3()]: COUNT });
});

it('copies go on while one of two members leaves, and stop soon after the last has left', async () => {
  const [first, second] = onH2 as [Station, Station];
  const [steady] = onH3 as [Station];
  for (const member of [first, second, steady]) await member.join(group());
  await sentTo(h2(), h3());
  await sender.stream({ to: group(), tag: 'leaving', rate: 100 });
  await second.hears(sender, { tag: 'leaving', count: 20 });
  await first.leave(group());
  // Longer than the kernel asks for other members of the group.
  const before = (await second.heard('leaving'))[0]?.count ?? 0;
  await second.hears(sender, { tag: 'leaving', count: before + 250 });
  const left = Date.now();
  await second.leave(group());
  await capturedUntil(left + STOPS_WITHIN_MS + 500);
  const sent = await sender.stop('leaving');
  const lastToH2 = capture.sent.findLast((it) => it.to === h2() && it.text.includes(' leaving '));
  expect((lastToH2?.at ?? 0) - left).toBeLessThan(STOPS_WITHIN_MS);
  const heard = await steady.hears(sender, { tag: 'leaving', count: sent });
  expect(heard).toMatchObject({ count: sent, missing: [] });
});

it('copies stop when the last member’s container is killed', async () => {
  const host = lab().host('h3');
  const doomed = await runContainer(host, { network: 'prune', name: 'prune-doomed' });
  const station = await Station.start(doomed);
  await station.join(group());
  await sentTo(h3());
  await removeContainers([doomed]);
  await sentTo();
  expect(await copiesOf('killed')).toEqual({});
  await station.close();
});

it('no IGMP leaves the host: each bridge asks its own containers', async () => {
  const [member] = onH2 as [Station];
  await neighbour.join(group());
  await member.join(group());
  await sentTo(h2());
  await neighbour.leave(group());
  await copiesOf('igmp');
  expect(capture.sent.filter((it) => it.protocol === IGMP)).toEqual([]);
});

/** IP protocol number. */
const IGMP = 2;

/** Waits until the capture holds a packet of the stream that left after a time. */
async function capturedUntil(time: number): Promise<void> {
  await until(async () => (capture.sent.at(-1)?.at ?? 0) > time || undefined, {
    what: 'the stream on the underlay',
    timeoutMs: 10_000,
    everyMs: 20,
  });
}
