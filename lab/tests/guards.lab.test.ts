/** What a network's settings forbid its containers, and what a container cannot do to others. */
import { describe, expect, it } from 'vitest';
import { groupsTable, hostReport, http, pluginSocket } from '../kit/agent.ts';
import { hex } from '../kit/frames.ts';
import { datagram, tagged } from '../kit/hostile-frames.ts';
import { inCastnet } from '../kit/kernel.ts';
import type { Station } from '../kit/station.ts';
import { until } from '../run.ts';
import { castnetJson } from './support/command.ts';
import { type Crew, useCrew } from './support/crew.ts';
import { groupReady, untilHeard } from './support/group.ts';
import { sendFrames } from './support/inside.ts';
import { useLab } from './support/lab.ts';

const COUNT = 20;
const lab = useLab('guards', { hosts: 2 });

/** What each other station heard of packets to an address, then of a later one that passes. */
async function passes(stations: readonly Station[], to: string, tag: string): Promise<number[]> {
  const [from, ...others] = stations as [Station, ...Station[]];
  await from.say({ to, tag, count: COUNT });
  for (const each of others) {
    // Unicast takes the same way, so that what is still to come has come before.
    await from.say({ to: each.container.ip, tag: `${tag}-end` });
    await each.hears(from, { tag: `${tag}-end`, count: 1 });
  }
  return Promise.all(others.map(async (it) => (await it.heard(tag))[0]?.count ?? 0));
}

/** The same number for every station but the first, which speaks. */
const each = (crew: Crew, count: number): number[] =>
  crew
    .all()
    .slice(1)
    .map(() => count);

const dropped = async (network: string): Promise<number> => {
  const table = await groupsTable(lab().host('h1'));
  const rows = table.dropped.filter((it) => it.network === network);
  return rows.reduce((sum, it) => sum + it.packets, 0);
};

describe('multicast=off', () => {
  const crew = useCrew(lab, { network: 'quiet', args: ['--opt', 'multicast=off'] });

  it('drops what is sent to groups, link-local ones too, and counts it', async () => {
    for (const one of crew.all()) await one.join('239.50.0.1');
    expect(await passes(crew.all(), '239.50.0.1', 'group')).toEqual(each(crew, 0));
    expect(await passes(crew.all(), '224.0.0.1', 'link-local')).toEqual(each(crew, 0));
    expect(await dropped('quiet')).toBeGreaterThanOrEqual(2 * COUNT);
  });

  it.each([
    ['a-priority-tag', ['8100a000']],
    ['two-tags', ['8100a000', '8100a000']],
    ['two-tags-of-kinds', ['88a8a000', '8100a000']],
  ])('drops it with %s too', async (tag, tags) => {
    const [from, ...others] = crew.all() as [Station, ...Station[]];
    const { ip } = from.container;
    const frames = Array.from({ length: COUNT }, (_, i) =>
      tagged(datagram({ ip }, '224.0.0.1', `liar ${tag} ${i + 1}`), ...tags),
    );
    for (const it of frames) hex('01005e000001').copy(it);
    await sendFrames(from.container, frames);
    for (const each of others) {
      await from.say({ to: each.container.ip, tag: `${tag}-end` });
      await each.hears(from, { tag: `${tag}-end`, count: 1 });
      expect(await each.heard(tag), each.name).toEqual([]);
    }
  });

  const own = (at: string, ...argv: string[]) => inCastnet(lab().host(at), ['nft', ...argv]);

  // Two at a time, for the agent looks every 20 s.
  it.each([
    [
      'map and the chain',
      { h1: 'flush map bridge castnet guarded', h2: 'flush chain bridge castnet guard' },
    ],
    ['table', { h1: 'delete table bridge castnet' }],
  ])('drops it again after somebody emptied the %s of its rules', async (what, done) => {
    await Promise.all(Object.entries(done).map(([at, argv]) => own(at, ...argv.split(' '))));
    await until(
      async () => {
        for (const at of Object.keys(done)) {
          const table = await own(at, 'list', 'table', 'bridge', 'castnet');
          if (!/vmap @guarded/.test(table) || !/jump guard-\d+/.test(table)) return undefined;
        }
        return true;
      },
      { what: 'the rules again', timeoutMs: 30_000 },
    );
    for (const speaker of ['h1', 'h2']) {
      const others = crew.all().filter((it) => !it.name.startsWith(speaker));
      const all = [crew.station(speaker), ...others];
      const heard = await passes(all, '224.0.0.1', `after-${what.replaceAll(' ', '-')}-${speaker}`);
      expect(heard).toEqual(others.map(() => 0));
    }
  });

  it('lets broadcast and unicast pass', async () => {
    expect(await passes(crew.all(), '255.255.255.255', 'all')).toEqual(each(crew, COUNT));
  });
});

describe('multicast-groups', () => {
  const args = ['--opt', 'multicast-groups=239.50.0.0/16,224.0.0.1/32'];
  const crew = useCrew(lab, { network: 'listed', args });

  it('lets groups of the list pass', async () => {
    for (const one of crew.all()) await one.join('239.50.0.1');
    await groupReady(crew.all(), '239.50.0.1');
    expect(await passes(crew.all(), '239.50.0.1', 'in')).toEqual(each(crew, COUNT));
    expect(await passes(crew.all(), '224.0.0.1', 'in-too')).toEqual(each(crew, COUNT));
  });

  it('drops the others, says whose memberships are not told, and why', async () => {
    for (const one of crew.all()) await one.join('239.51.0.1');
    expect(await passes(crew.all(), '239.51.0.1', 'out')).toEqual(each(crew, 0));
    expect(await dropped('listed')).toBeGreaterThanOrEqual(COUNT);
    const { groups } = await groupsTable(lab().host('h1'));
    const row = groups.find((it) => it.network === 'listed' && it.group === '239.51.0.1');
    expect(row?.refused?.map((it) => it.container).sort()).toEqual(
      crew
        .all()
        .map((it) => it.container.name)
        .sort(),
    );
    expect(row?.refused?.[0]?.reason).toContain('multicast-groups');
  });
});

describe('multicast-rate', () => {
  const PER_SECOND = 500;
  const args = ['--opt', `multicast-rate=${PER_SECOND}pps`];
  const crew = useCrew(lab, { network: 'capped', args });

  it.each([
    ['a group', '239.50.0.2', '239.50.0.2'],
    ['everyone', '255.255.255.255', '239.50.0.3'],
  ])('a storm to %s is cut to the rate, and others speak undisturbed', async (_what, to, calm) => {
    const [stormy, a, b] = [crew.station('h1', 'b'), crew.station('h1'), crew.station('h2')];
    for (const one of [a, b]) await one.join(calm);
    await groupReady([a, b], calm);
    const begin = Date.now();
    await stormy.stream({ to, tag: `storm-${to}`, rate: 10_000 });
    await untilOne(b, `storm-${to}`);
    await a.say({ to: b.container.ip, tag: `calm-${to}`, count: 500, rate: 250 });
    await b.say({ to: calm, tag: `group-${to}`, count: 100, rate: 100 });
    const sent = await stormy.stop(`storm-${to}`);
    const seconds = (Date.now() - begin) / 1000;
    expect(await b.hears(a, { tag: `calm-${to}`, count: 500 })).toMatchObject({ missing: [] });
    await a.hears(b, { tag: `group-${to}`, count: 100 });
    const came = (await b.heard(`storm-${to}`))[0]?.count ?? 0;
    expect(sent).toBeGreaterThan(4 * PER_SECOND * seconds);
    expect(came).toBeLessThan(1.2 * PER_SECOND * (seconds + 1));
    expect(came).toBeGreaterThan(0.5 * PER_SECOND * (seconds - 1));
    expect(await dropped('capped')).toBeGreaterThan((sent - came) / 2);
  });

  it('does not touch unicast of the same container', async () => {
    const [a, b] = [crew.station('h1'), crew.station('h2')];
    const say = { to: b.container.ip, tag: 'unicast', count: 10 * PER_SECOND, rate: 5_000 };
    await a.say(say);
    await b.hears(a, { tag: 'unicast', count: 10 * PER_SECOND });
  });
});

describe('max-groups', () => {
  const crew = useCrew(lab, { network: 'few', args: ['--opt', 'max-groups=3'], each: 1 });
  const groups = [1, 2, 3, 4, 5].map((it) => `239.50.1.${it}`);

  it('tells the other hosts of so many groups of a container, and says what is left out', async () => {
    const [sender, greedy] = [crew.station('h1'), crew.station('h2')];
    for (const group of groups) await greedy.join(group);
    const told = await until(
      async () => {
        const { networks } = await hostReport(lab().host('h2'));
        const network = networks.find((it) => it.vni === crew.vni());
        return network?.refused[0]?.count === 2 ? network : undefined;
      },
      { what: 'two groups refused', timeoutMs: 5_000 },
    );
    expect(told.groups.map((it) => it.group)).toEqual(groups.slice(0, 3));
    expect(told.refused[0]).toMatchObject({ example: '239.50.1.4' });
    expect(told.refused[0]?.reason).toMatch(/more than the 3 groups of max-groups/);
    await untilHeard({ from: sender, at: greedy, group: '239.50.1.3' });
    await sender.say({ to: '239.50.1.5', tag: 'left-out', count: COUNT });
    await sender.say({ to: '239.50.1.1', tag: 'told', count: COUNT });
    await greedy.hears(sender, { tag: 'told', count: COUNT });
    expect(await greedy.heard('left-out')).toEqual([]);
  });
});

describe('every setting at once', () => {
  const settings = {
    ...{ mtu: '1300', ipv6: 'fd00:77::/64', multicast: 'on', 'multicast-route': '7' },
    ...{ 'source-check': 'on', 'multicast-groups': '239.50.0.0/16', 'multicast-rate': '1mbit' },
    'max-groups': '1',
  };
  const args = Object.entries(settings).flatMap(([key, value]) => ['--opt', `${key}=${value}`]);
  const crew = useCrew(lab, { network: 'all', args });

  it('is told as docs/json-schema.json has it', async () => {
    const [one] = crew.all();
    await one?.join('239.50.0.1');
    await one?.join('239.50.0.2');
    const host = lab().host('h1');
    const isAll = (it: { name?: string }) => it.name === 'all';
    await until(async () => (await hostReport(host)).networks.find(isAll)?.refused[0], {
      what: 'a group that is refused',
      timeoutMs: 10_000,
    });
    const { value } = await castnetJson(host, 'networks');
    expect(value.networks.find(isAll)?.options).toEqual({
      ...{ mtu: 1300, ipv6: 'fd00:77::/64', multicast: true },
      ...{ multicastRoute: true, multicastPriority: 7, sourceCheck: true },
      ...{ groups: ['239.50.0.0/16'], rate: { per: 'bytes', second: 125_000 }, maxGroups: 1 },
    });
    for (const command of ['status', 'peers', 'endpoints', 'groups', 'services'] as const) {
      await castnetJson(host, command);
    }
  });
});

describe('a setting that cannot be used is refused by its name, its value, and what is accepted', () => {
  it.each([
    [{ multicast: 'yes' }, /multicast="yes" is not on or off/],
    [{ 'multicast-route': '101' }, /multicast-route="101" is not on, off or a priority/],
    [{ 'multicast-groups': '10.0.0.0/8' }, /multicast-groups="10\.0\.0\.0\/8".*multicast CIDRs/],
    [{ 'multicast-groups': '239.1.1.1' }, /multicast-groups="239\.1\.1\.1".*multicast CIDRs/],
    [{ 'multicast-rate': '0pps' }, /multicast-rate="0pps".*1000pps/],
    [{ 'multicast-rate': 'fast' }, /multicast-rate="fast".*1000pps/],
    [{ 'max-groups': '0' }, /max-groups="0".*1 to 16384/],
    [{ 'max-groups': '99999' }, /max-groups="99999".*1 to 16384/],
    [{ 'multicast-colour': 'red' }, /"multicast-colour".*Accepted:.*multicast-groups/],
  ])('%j', async (Options, words) => {
    const socketPath = await pluginSocket(lab().host('h1'));
    const path = '/NetworkDriver.AllocateNetwork';
    const body = JSON.stringify({ NetworkID: 'refused0000000000000000005', Options, IPv4Data: [] });
    const { text } = await http({ socketPath, method: 'POST', path, body });
    expect((JSON.parse(text) as { Err?: string }).Err).toMatch(words);
  });
});

async function untilOne(station: Station, tag: string): Promise<void> {
  await until(async () => (await station.heard(tag)).length > 0 || undefined, {
    what: `${tag} at ${station.name}`,
    timeoutMs: 10_000,
  });
}
