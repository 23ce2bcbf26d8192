/** What a hostile container tries on its network's others, and on networks that are not its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../run.ts';
import { groupsTable } from './support/agent.ts';
import { useCrew } from './support/crew.ts';
import { arpLie, datagram, igmpQuery, vxlan } from './support/hostile-frames.ts';
import { inNetwork, sendFrames } from './support/inside.ts';
import { useLab } from './support/lab.ts';
import { type Container, removeContainers, runContainer } from './support/stack.ts';
import type { Station } from './support/station.ts';

const lab = useLab('hostile', { hosts: 2 });
/** As networks are, and one that looks at who sends. */
const open = useCrew(lab, { network: 'open' });
const strict = useCrew(lab, { network: 'strict', args: ['--opt', 'source-check=on'] });

/** Both on h2. */
let bad: Container;
let badStrict: Container;

beforeAll(async () => {
  bad = await runContainer(lab().host('h2'), { network: 'open', name: 'bad' });
  badStrict = await runContainer(lab().host('h2'), { network: 'strict', name: 'bad-strict' });
});
afterAll(async () => {
  await removeContainers([bad, badStrict]);
});

const texts = (tag: string): string[] =>
  Array.from({ length: 20 }, (_, i) => `liar ${tag} ${i + 1}`);

/** How many packets of a tag a station heard once those sent after them have come. */
async function heardBefore(by: Station, tag: string, from: Container): Promise<number> {
  const fence = `after-${tag}`;
  await sendFrames(from, [datagram({ ip: from.ip }, by.container.ip, `honest ${fence} 1`)]);
  await until(async () => (await by.heard(fence)).length > 0 || undefined, {
    what: `the packet after "${tag}" at ${by.name}`,
    timeoutMs: 10_000,
  });
  return (await by.heard(tag)).reduce((sum, it) => sum + it.count, 0);
}

it('another container’s MAC is of no use: nothing sent from it arrives, and its owner loses nothing', async () => {
  const [owner, near, far] = [open.station('h1'), open.station('h2'), open.station('h1', 'b')];
  await near.stream({ to: owner.container.ip, tag: 'meanwhile', rate: 200 });
  for (const [of, to] of [
    [owner, near],
    [near, far],
  ] as const) {
    const { ip } = of.container;
    await sendFrames(
      bad,
      texts('mac').map((it) => datagram({ ip }, to.container.ip, it)),
    );
    expect(await heardBefore(to, 'mac', bad), `at ${to.name}`).toBe(0);
  }
  const sent = await near.stop('meanwhile');
  expect(await owner.hears(near, { tag: 'meanwhile', count: sent })).toMatchObject({ missing: [] });
});

describe('with source-check=on', () => {
  it('a packet with another container’s address does not leave', async () => {
    const [owner, near, far] = [
      strict.station('h1'),
      strict.station('h2'),
      strict.station('h1', 'b'),
    ];
    const lie = { ip: owner.container.ip, macOfIp: badStrict.ip };
    for (const to of [near, far]) {
      await sendFrames(
        badStrict,
        texts('ip').map((it) => datagram(lie, to.container.ip, it)),
      );
      expect(await heardBefore(to, 'ip', badStrict), `at ${to.name}`).toBe(0);
    }
  });

  it('nobody believes that another’s address is at its MAC', async () => {
    const [owner, victim] = [strict.station('h1'), strict.station('h2')];
    await victim.say({ to: owner.container.ip, tag: 'before' });
    await owner.hears(victim, { tag: 'before', count: 1 });
    await sendFrames(badStrict, Array(20).fill(arpLie(owner.container.ip, badStrict.ip)));
    await heardBefore(victim, 'none', badStrict);
    const neighbours = await inNetwork(victim.container, [
      'ip',
      'neigh',
      'show',
      owner.container.ip,
    ]);
    expect(neighbours).toContain(macText(owner.container.ip));
  });

  it('it cannot ask who is a member of what, and so not silence the bridge that does', async () => {
    const before = await refused();
    await sendFrames(badStrict, Array(20).fill(igmpQuery(badStrict.ip)));
    await until(async () => ((await refused()) >= before + 20 ? true : undefined), {
      what: 'twenty more packets refused',
      timeoutMs: 10_000,
    });
  });

  it('what its containers really are is as ever: unicast, groups and broadcast', async () => {
    const [one, two] = [strict.station('h1'), strict.station('h2')];
    await two.join('239.70.0.1');
    await until(
      async () => {
        await one.say({ to: '239.70.0.1', tag: 'group' });
        return (await two.heard('group')).length > 0 || undefined;
      },
      { what: 'a packet to the group', timeoutMs: 10_000 },
    );
    await one.say({ to: two.container.ip, tag: 'unicast', count: 20 });
    await two.hears(one, { tag: 'unicast', count: 20 });
  });
});

describe('VXLAN packets from a container', () => {
  it.each(['h1', 'h2'])('do not reach the network of others through %s', async (host) => {
    const to = strict.station(host);
    // An honest frame of that network, had it come through a tunnel.
    const inner = datagram(
      { ip: strict.station(host, 'b').container.ip },
      to.container.ip,
      'liar tunnel 1',
    );
    const packet = vxlan(strict.vni(), inner).toString('hex');
    const program =
      '$s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 4789, Proto => "udp") or die $!;' +
      '$s->send(pack("H*", $ARGV[1])) for 1 .. 20';
    const { address } = lab().host(host);
    const argv = ['exec', bad.id, 'perl', '-MIO::Socket::INET', '-e', program, address, packet];
    const before = await droppedVxlan();
    await bad.host.docker(argv);
    await until(async () => ((await droppedVxlan()) >= before + 20 ? true : undefined), {
      what: 'twenty VXLAN packets dropped on the container’s own host',
      timeoutMs: 10_000,
    });
    expect(await heardBefore(to, 'tunnel', badStrict)).toBe(0);
  });
});

const macText = (ip: string): string =>
  `02:42:${ip
    .split('.')
    .map((it) => Number(it).toString(16).padStart(2, '0'))
    .join(':')}`;

/** Packets that the guards of the strict network dropped on h2. */
async function refused(): Promise<number> {
  const { dropped } = await groupsTable(lab().host('h2'));
  return (
    dropped.find((it) => it.network === 'strict' && it.host === lab().host('h2').address)
      ?.packets ?? 0
  );
}

/** VXLAN packets from containers that h2 dropped. */
async function droppedVxlan(): Promise<number> {
  const { stdout } = await lab().host('h2').exec(['nft', 'list', 'table', 'inet', 'castnet']);
  return [...stdout.matchAll(/packets (\d+)/g)].reduce((sum, it) => sum + Number(it[1]), 0);
}
