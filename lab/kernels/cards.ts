/**
 * The fast path on a network card with a driver of its own, in place of a veth: h1's way out is one card of the
 * virtual machine, whose wire, inside qemu, ends in another, which is a port of the switch. Unlike a veth a card
 * takes no packet of 64 KB: the kernel cuts it to size there, in its outer header, and fills in checksums.
 */
import { readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { streamsTo } from '../../bench/groups/unicast.ts';
import { stationOf } from '../../bench/paths/docker.ts';
import { startIn } from '../../bench/programs.ts';
import { countedFast, type FastCounts, fastGroup, fastStep } from '../kit/fast-path.ts';
import { setPlugin } from '../kit/plugin.ts';
import type { Container } from '../kit/stack.ts';
import type { Station } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun } from '../run.ts';
import { batch } from '../underlay.ts';
import { castOf, NETWORK, stationsOf } from './cast.ts';
import { moveAddress } from './links.ts';
import { must } from './must.ts';
import { type Figures, type Stage, upOf } from './steps.ts';
import { COUNT, exchange } from './traffic.ts';

const GROUP = '239.1.2.6';
const DEVICES = '/sys/class/net';
/** At h1, and at the switch. */
const [CARD, PLUG] = ['card0', 'card1'];

export async function cards(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const h1 = lab.host('h1');
  const [own, plug] = [await cardOf('vmxnet3'), await cardOf('virtio_net')];
  const { containers } = await castOf(stage);
  const stations = await stationsOf(stage);
  await setPlugin(h1, 'CASTNET_FASTPATH=on');
  for (const it of stations) await it.join(GROUP);
  await toNamespace(h1.pid, own, CARD);
  await toNamespace(lab.switchPid, plug, PLUG);
  await batch(lab.switchPid, [`link set ${PLUG} master underlay up`]);
  await batch(h1.pid, [`link set ${CARD} up`]);
  await moveAddress(h1, { from: h1.underlayInterface, to: CARD });
  try {
    return { driver: 'vmxnet3', ...(await onCard(h1, stations, containers)) };
  } finally {
    await moveAddress(h1, { from: CARD, to: h1.underlayInterface });
  }
}

async function onCard(
  h1: LabHost,
  stations: readonly Station[],
  [near, far]: readonly Container[],
): Promise<Figures> {
  await fastStep(h1, { network: NETWORK, step: 'groups', why: /broadcast/ });
  await fastGroup(h1, { group: GROUP, members: 1, hosts: 2 });
  const packets = await took(h1, () => exchange(stations, { group: GROUP, tag: CARD }));
  const others = 2 * COUNT;
  must(packets.sent >= others, `unicast to others goes by it: ${packets.sent} of ${others}`);
  must(packets.received >= others, `so does theirs: ${packets.received} of ${others}`);
  must(packets.grouped >= COUNT, `what is said to the group does: ${packets.grouped} of ${COUNT}`);
  must(packets.copied >= others, `and what others say to it: ${packets.copied} of ${others}`);
  const out = await stream(h1, near as Container, far as Container);
  const back = await stream(h1, far as Container, near as Container);
  must(out.counts.sent > 0 && out.counts.received > 0, 'TCP that goes out takes it both ways');
  must(back.counts.sent > 0 && back.counts.received > 0, 'TCP that comes in takes it both ways');
  return {
    'unicast and group, packets':
      packets.sent + packets.received + packets.grouped + packets.copied,
    'TCP out, Mbit/s': out.rate,
    'TCP in, Mbit/s': back.rate,
  };
}

/** One stream of TCP, which no packet is lost of for want of a right length or checksum. */
async function stream(h1: LabHost, from: Container, to: Container) {
  const near = await stationOf(from.host, from.id, NETWORK);
  const far = await stationOf(to.host, to.id, NETWORK);
  const server = startIn(far.ns, ['iperf3', '-s', '-1', '-B', far.address, '--forceflush']);
  try {
    await server.ready();
    let rate = 0;
    const counts = await took(h1, async () => {
      rate = await streamsTo(near.ns, far.address, { seconds: 2, streams: 1 });
    });
    must(rate > 0, 'a stream of TCP comes through');
    return { rate: Math.round(rate * 1000), counts };
  } finally {
    await server.kill();
  }
}

/** What h1's programs took meanwhile, of which they lost nothing. */
async function took(h1: LabHost, work: () => Promise<unknown>): Promise<FastCounts> {
  const { h1: counts } = await countedFast([h1], work);
  const { lost, missed } = counts as FastCounts;
  must(lost + missed === 0, `the programs lose nothing: ${lost} and ${missed}`);
  return counts as FastCounts;
}

/** The machine's network card that this driver has. */
async function cardOf(driver: string): Promise<string> {
  for (const name of await readdir(DEVICES)) {
    const of = await readlink(join(DEVICES, name, 'device/driver')).catch(() => '');
    if (basename(of) === driver) return name;
  }
  throw new Error(`no network card of ${driver} in this machine`);
}

const toNamespace = (pid: number, card: string, name: string): Promise<string> =>
  mustRun(['ip', 'link', 'set', card, 'netns', String(pid), 'name', name]);
