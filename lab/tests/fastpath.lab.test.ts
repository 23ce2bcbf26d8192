/** Unicast goes around bridge and tunnel, where a host is set to; whatever is not sure does not. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { healthy, killAgent } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import { countedFast, fastStep, fastTraces, setFastPath, tcHooks } from '../kit/fast-path.ts';
import { hex } from '../kit/frames.ts';
import { datagram, ipPacket, vxlan } from '../kit/hostile-frames.ts';
import { inCastnet, settled } from '../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  vniOf,
} from '../kit/stack.ts';
import { closeStations, PORT, type Station, startStations } from '../kit/station.ts';
import { droppedVxlan } from '../kit/vxlan-attack.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { useLab } from './support/lab.ts';

const NET = 'fast';
/** Packets per second. */
const RATE = 500;
/** The hosts with a fast path; h3 has none. */
const FAST = ['h1', 'h2'];

const lab = useLab('fastpath');
const host = (name: string): LabHost => lab().host(name);
let stations: Station[] = [];
let vni = 0;
const on = (name: string): Station =>
  stations.find((it) => it.container.name === `fast-${name}`) as Station;

beforeAll(async () => {
  await Promise.all(FAST.map((it) => setFastPath(host(it), 'on')));
  await createNetwork(lab(), NET);
  const containers: Container[] = [];
  for (const name of ['h1', 'h1-b', 'h2', 'h3']) {
    const at = host(name.slice(0, 2));
    containers.push(await runContainer(at, { network: NET, name: `fast-${name}` }));
  }
  vni = await vniOf(lab(), NET);
  await settled(lab(), NET);
  stations = await startStations(containers);
  for (const it of FAST)
    await fastStep(host(it), { network: NET, step: 'groups', why: /broadcast/ });
});
afterAll(removeAll);

async function removeAll(): Promise<void> {
  if (stations.length === 0) return;
  await closeStations(stations);
  await removeContainers(stations.map((it) => it.container));
  await removeNetwork(lab(), NET);
  stations = [];
}

/** What the programs of the fast hosts counted while something was done. */
const counted = (work: () => Promise<unknown>) => countedFast(FAST.map(host), work);

async function says(from: Station, to: Station, tag: string, count = 200): Promise<void> {
  await from.say({ to: to.container.ip, tag, count, rate: 2000 });
  expect(await to.hears(from, { tag, count })).toMatchObject({ doubles: 0, missing: [] });
}

/** Every packet of a stream came to the one that it was for. */
async function expectWhole(from: Station, to: Station, tag: string): Promise<void> {
  const sent = await from.stop(tag);
  const [heard] = await until(
    async () => {
      const found = await to.heard(tag);
      return found[0]?.last === sent ? found : undefined;
    },
    { what: `the last packet at ${to.name}`, timeoutMs: 5_000 },
  );
  expect(heard).toMatchObject({ count: sent, doubles: 0, missing: [] });
}

it('packets to a container of another host go around bridge and tunnel at both ends', async () => {
  const { h1, h2 } = await counted(() => says(on('h1'), on('h2'), 'unicast'));
  expect(h1?.sent).toBeGreaterThanOrEqual(200);
  expect(h2?.received).toBeGreaterThanOrEqual(200);
  expect(h1?.lost).toBe(0);
  expect(h2?.lost).toBe(0);
});

it('so do those to a neighbour on the same host', async () => {
  const { h1 } = await counted(() => says(on('h1'), on('h1-b'), 'neighbour'));
  expect(h1?.neighbours).toBeGreaterThanOrEqual(200);
});

it('a host with it and one without understand each other, in both directions', async () => {
  const { h1 } = await counted(async () => {
    await says(on('h1'), on('h3'), 'to-slow');
    await says(on('h3'), on('h1'), 'from-slow');
  });
  expect(h1?.sent).toBeGreaterThanOrEqual(200);
  expect(h1?.received).toBeGreaterThanOrEqual(200);
});

const TCP_SERVER = `
  use IO::Socket::INET; use Digest::SHA;
  my $s = IO::Socket::INET->new(LocalPort => 4000, Listen => 1, ReuseAddr => 1) or die $!;
  $| = 1; print "ready\\n";
  my $c = $s->accept; my $d = Digest::SHA->new(1); $d->addfile($c); print $c $d->hexdigest;`;
const TCP_CLIENT = `
  use IO::Socket::INET; use Digest::SHA;
  my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 4000) or die $!;
  my $d = Digest::SHA->new(1); srand(7);
  for (1 .. 800) { my $b = pack('N*', map { int rand 2**32 } 1 .. 16384); $d->add($b); print $s $b }
  shutdown($s, 1); my $got = <$s>; print $got eq $d->hexdigest ? 'whole' : 'other';`;

it('50 MB of TCP arrive whole, in super-packets', async () => {
  const to = on('h2').container;
  const perl = (it: Container, program: string, ...args: string[]) =>
    it.host.docker(['exec', it.id, 'perl', '-e', program, ...args], { timeoutMs: 60_000 });
  const { h1 } = await counted(async () => {
    const server = perl(to, TCP_SERVER);
    const client = until(
      async () => perl(on('h1').container, TCP_CLIENT, to.ip).catch(() => undefined),
      { what: 'a connection', timeoutMs: 30_000, everyMs: 50 },
    );
    expect(await client).toBe('whole');
    await server;
  });
  expect(h1?.sent).toBeGreaterThan(800);
  // Of 1398 bytes each they would be 37 500.
  expect(h1?.sent).toBeLessThan(20_000);
});

/** One datagram of twenty segments, as QUIC sends: Linux, include/uapi/linux/udp.h, UDP_SEGMENT. */
const SEGMENTS = `
  use Socket; socket(my $s, PF_INET, SOCK_DGRAM, 0) or die; setsockopt($s, 17, 103, 1000) or die $!;
  my $b = join '', map { my $m = "liar $ARGV[2] $_ "; $m . ('.' x (1000 - length $m)) } 1 .. 20;
  send($s, $b, 0, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) == 20000 or die $!;`;

it.each([
  ['another host', 'h2'],
  ['the same host', 'h1-b'],
])('a datagram of segments goes the slow path, and each arrives on %s', async (_, name) => {
  const { host: at, id } = on('h1').container;
  const to = on(name);
  const tag = `segments-${name}`;
  const { h1 } = await counted(async () => {
    const args = [to.container.ip, String(PORT), tag];
    await at.docker(['exec', id, 'perl', '-e', SEGMENTS, ...args]);
    await until(async () => ((await to.heard(tag))[0]?.count === 20 ? true : undefined), {
      what: 'twenty segments',
      timeoutMs: 5_000,
    });
  });
  expect(h1?.left).toBeGreaterThan(0);
});

it('a datagram of 60 kB, in fragments, arrives', async () => {
  await on('h1').say({ to: on('h2').container.ip, tag: 'large', count: 5, rate: 50, size: 60_000 });
  await on('h2').hears(on('h1'), { tag: 'large', count: 5 });
});

it('a frame under another’s MAC or address is left to the bridge', async () => {
  const { h1 } = await counted(async () => {
    const { ip, host: at, id } = on('h1').container;
    const liar = datagram({ ip: on('h3').container.ip }, on('h2').container.ip, 'liar as-h3 1');
    const input = `${liar.toString('hex')}\n`;
    const argv = ['exec', '-i', id, 'perl', '/castnet/tools/frames.pl', 'eth0'];
    await at.docker(argv, { input });
    expect(ip).not.toBe(on('h3').container.ip);
  });
  expect(h1?.sent).toBe(0);
  expect(h1?.left).toBeGreaterThan(0);
  expect(await on('h2').heard('as-h3')).toEqual([]);
});

it('a packet with an outer source that is no host’s, or not the container’s, is no fast one', async () => {
  const [to, by] = [host('h2'), host('h3')];
  const frame = datagram({ ip: on('h1').container.ip }, on('h2').container.ip, 'liar forged 1');
  const dropped = await droppedVxlan(to);
  const { h2 } = await counted(async () => {
    const ethernet = Buffer.concat([await macOn(to), await macOn(by), hex('0800')]);
    for (const from of ['203.0.113.9', by.address]) {
      const packet = ipPacket({ from, to: to.address, port: 4789 }, vxlan(vni, frame));
      // A packet socket passes no firewall of its own host.
      const input = `${Buffer.concat([ethernet, packet]).toString('hex')}\n`;
      await mustRun(by.enter(['perl', FRAMES, 'eth0']), { input });
    }
    await until(async () => ((await droppedVxlan(to)) > dropped ? true : undefined), {
      what: 'the guard dropping the stranger’s',
      timeoutMs: 5_000,
    });
  });
  expect(h2).toMatchObject({ received: 0, lost: 0 });
  expect(h2?.came).toBeGreaterThanOrEqual(2);
});

const MAC = /link\/ether (\S+)/;
const FRAMES = join(ROOT, 'lab/tools/frames.pl');
const macOn = async (it: LabHost): Promise<Buffer> =>
  hex(
    MAC.exec(await mustRun(it.enter(['ip', 'link', 'show', 'eth0'])))?.[1]?.replaceAll(':', '') ??
      '',
  );

it('a network with rules of its own takes the slow path, and status says so', async () => {
  await createNetwork(lab(), 'strict', ['--opt', 'source-check=on']);
  const strict: Container[] = [];
  for (const name of FAST)
    strict.push(await runContainer(host(name), { network: 'strict', name: `strict-${name}` }));
  const both = await startStations(strict);
  await fastStep(host('h1'), { network: 'strict', step: 'none', why: /checked on the bridge/ });
  const { h1 } = await counted(() => says(both[0] as Station, both[1] as Station, 'strict'));
  expect(h1?.sent).toBe(0);
  await closeStations(both);
  await removeContainers(strict);
  await removeNetwork(lab(), 'strict');
});

it('the agent killed under a stream: not one packet is lost, and it changes nothing after', async () => {
  await on('h1').stream({ to: on('h2').container.ip, tag: 'killed', rate: RATE });
  await on('h2').hears(on('h1'), { tag: 'killed', count: 100 });
  const { h1 } = await counted(async () => {
    await Promise.all(FAST.map((it) => killAgent(host(it))));
    await settled(lab(), NET);
  });
  await expectWhole(on('h1'), on('h2'), 'killed');
  expect(h1?.sent).toBeGreaterThan(0);
  await healthy(lab());
});

/** The agent looks again when the host's addresses change, and else after up to 20 s. */
async function stir(it: LabHost): Promise<void> {
  for (const verb of ['add', 'del'])
    await mustRun(it.enter(['ip', 'address', verb, '198.51.100.77/32', 'dev', 'lo']));
}

it('entries and filters taken away by hand: packets go the slow path until they are back', async () => {
  await on('h1').stream({ to: on('h2').container.ip, tag: 'by-hand', rate: RATE });
  await on('h2').hears(on('h1'), { tag: 'by-hand', count: 100 });
  const port = (await inCastnet(host('h1'), ['ip', '-o', 'link'])).match(/cv[0-9a-f]+/)?.[0];
  await inCastnet(host('h1'), ['tc', 'filter', 'del', 'dev', port ?? '', 'ingress', 'pref', '1']);
  const card = (
    await mustRun(host('h2').enter(['ip', '-o', 'route', 'get', host('h1').address]))
  ).match(/dev (\S+)/)?.[1];
  await mustRun(
    host('h2').enter(['tc', 'filter', 'del', 'dev', card ?? '', 'ingress', 'pref', '1']),
  );
  await Promise.all(FAST.map((it) => stir(host(it))));
  await healthy(lab(), { withinMs: 15_000 });
  await expectWhole(on('h1'), on('h2'), 'by-hand');
});

it('another program at the card’s tc hook: the slow path, without a packet lost', async () => {
  const tc = async (words: string) => mustRun(host('h1').enter(['tc', ...words.split(' ')]));
  const card = (
    await mustRun(host('h1').enter(['ip', '-o', 'route', 'get', host('h2').address]))
  ).match(/dev (\S+)/)?.[1];
  await on('h1').stream({ to: on('h2').container.ip, tag: 'other', rate: RATE });
  await on('h2').hears(on('h1'), { tag: 'other', count: 100 });
  await mustRun(
    host('h1').enter([
      ...['tc', 'filter', 'add', 'dev', card ?? '', 'ingress', 'pref', '7', 'protocol', 'all'],
      ...['bpf', 'da', 'bytecode', '1,6 0 0 4294967295,'],
    ]),
  );
  await stir(host('h1'));
  await fastStep(host('h1'), { network: NET, step: 'none', why: /another program/ });
  const { h1 } = await counted(() => says(on('h1'), on('h2'), 'beside'));
  expect(h1?.sent).toBe(0);
  await tc(`filter del dev ${card} ingress pref 7`);
  await stir(host('h1'));
  await fastStep(host('h1'), { network: NET, step: 'groups', why: /broadcast/ });
  await expectWhole(on('h1'), on('h2'), 'other');
});

it('the card becomes a bridge’s, with the address on the bridge: the slow path, until it is back', async () => {
  const h1 = host('h1');
  const card = h1.underlayInterface;
  const [, prefix = ''] =
    (await mustRun(h1.enter(['ip', '-o', '-4', 'address', 'show', 'dev', card]))).match(
      /inet [\d.]+(\/\d+)/,
    ) ?? [];
  const move = (lines: string[]) =>
    mustRun(h1.enter(['ip', '-batch', '-']), { input: `${lines.join('\n')}\n` });
  const goes = async (way: 'fast' | 'slow') => {
    const { h1: here } = await counted(async () => {
      await says(on('h1'), on('h2'), `${way}-there`);
      await says(on('h2'), on('h1'), `${way}-back`);
    });
    expect(here?.sent === 0).toBe(way === 'slow');
    expect(here?.received === 0).toBe(way === 'slow');
  };
  await on('h1').stream({ to: on('h2').container.ip, tag: 'card', rate: RATE });
  await move([
    'link add under type bridge forward_delay 0 mcast_snooping 0',
    `link set ${card} master under`,
    'link set under up',
    `address del ${h1.address}${prefix} dev ${card}`,
    `address add ${h1.address}${prefix} dev under`,
  ]);
  await fastStep(h1, { network: NET, step: 'none', why: /under is a bridge, no network card/ });
  await goes('slow');
  await move([`link set ${card} nomaster`, 'link del under']);
  await move([`address add ${h1.address}${prefix} dev ${card}`]);
  await fastStep(h1, { network: NET, step: 'groups', why: /broadcast/ });
  await goes('fast');
  await on('h1').stop('card');
  await healthy(lab(), { withinMs: 30_000 });
});

it('set off under a stream it is gone, and not one packet is lost', async () => {
  expect(await fastTraces(host('h1'))).not.toEqual([]);
  await on('h2').stream({ to: on('h1').container.ip, tag: 'off', rate: RATE });
  await on('h1').hears(on('h2'), { tag: 'off', count: 100 });
  await setFastPath(host('h1'), 'off');
  await until(
    async () => {
      const found = await fastTraces(host('h1'));
      if (found.length === 0) return true;
      throw new Error(found.join('; '));
    },
    { what: 'nothing left of the fast path', timeoutMs: 20_000 },
  );
  await expectWhole(on('h2'), on('h1'), 'off');
  await fastStep(host('h1'), { network: NET, step: 'none', why: /is off/ });
});

it('what uninstalling runs leaves nothing of it, not even the hook at the card', async () => {
  await removeAll();
  expect(await tcHooks(host('h2'))).toContain('eth0');
  const plugin = (...argv: string[]) => host('h2').docker(['plugin', ...argv]);
  await plugin('disable', '-f', 'castnet:latest');
  await plugin('set', 'castnet:latest', 'CASTNET_CLEAN=yes');
  await plugin('enable', 'castnet:latest');
  expect(await fastTraces(host('h2'))).toEqual([]);
  expect(await tcHooks(host('h2'))).toEqual([]);
});
