/** A host behind a link that loses and delays packets, made by the kernel's netem. */
import { setTimeout as delay } from 'node:timers/promises';
import type { HostReport } from '../../src/contract/report.ts';
import { hostReport } from '../kit/agent.ts';
import type { Container } from '../kit/stack.ts';
import type { Station } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { castOf, stationsOf } from './cast.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

const GROUP = '239.7.7.7';
const LOSS_PERCENT = 5;
/** Milliseconds, each way. */
const DELAY = 40;
const PACKETS = 600;

export async function lossyLink(stage: Stage): Promise<Figures> {
  const [, lossy] = upOf(stage).hosts as [LabHost, LabHost];
  const qdisc = ['qdisc', 'add', 'dev', lossy.underlayInterface, 'root'];
  const netem = ['netem', 'delay', `${DELAY}ms`, 'loss', `${LOSS_PERCENT}%`];
  await mustRun(lossy.enter(['tc', ...qdisc, ...netem]));
  try {
    return await overLossyLink(stage);
  } finally {
    await mustRun(lossy.enter(['tc', ...qdisc.with(1, 'del')]));
  }
}

async function overLossyLink(stage: Stage): Promise<Figures> {
  const [near] = upOf(stage).hosts as [LabHost];
  const { containers } = await castOf(stage);
  const stations = await stationsOf(stage);
  const [a, b, c] = stations as [Station, Station, Station];
  // What is joined now has to be told over the lossy link.
  for (const station of [a, c]) await station.join(GROUP);
  await firstPackets(b, [a, c]);
  const before = (await hostReport(near)).peers;
  await b.say({ to: GROUP, tag: 'lossy', count: PACKETS, rate: 50 });
  await a.say({ to: GROUP, tag: 'clean', count: PACKETS, rate: 50 });
  const counts = { ...(await settled(a, b, c)) };
  for (const heard of [counts.a, counts.c]) {
    // Five standard deviations around what is lost on average.
    const lost = (PACKETS - heard) / PACKETS;
    const spread = 5 * Math.sqrt(((LOSS_PERCENT / 100) * (1 - LOSS_PERCENT / 100)) / PACKETS);
    if (Math.abs(lost - LOSS_PERCENT / 100) > spread)
      throw new Error(`${(lost * 100).toFixed(1)} % were lost where netem loses ${LOSS_PERCENT} %`);
  }
  if (counts.clean !== PACKETS)
    throw new Error(`${counts.clean} of ${PACKETS} came where nothing is lost`);
  const trip = await roundTrip(containers[0] as Container, containers[1] as Container);
  if (trip < DELAY) throw new Error(`a round trip took ${trip} ms, and the link takes ${DELAY}`);
  mustBeUp(before);
  mustBeUp((await hostReport(near)).peers);
  return {
    'loss set, %': LOSS_PERCENT,
    'loss seen, %': Number((100 - (50 * (counts.a + counts.c)) / PACKETS).toFixed(1)),
    'delay set, ms': DELAY,
    'round trip, ms': trip,
  };
}

/** A membership takes a moment to be known everywhere. */
async function firstPackets(from: Station, to: Station[]): Promise<void> {
  await until(
    async () => {
      await from.say({ to: GROUP, tag: 'first' });
      const heard = await Promise.all(to.map((it) => it.heard('first')));
      return heard.every((it) => it.length > 0) || undefined;
    },
    { what: 'a first packet over the lossy link', timeoutMs: 60_000, everyMs: 200 },
  );
}

/** How many came, when no more have come for a second. */
async function settled(a: Station, b: Station, c: Station) {
  const count = async (at: Station, tag: string) => (await at.heard(tag))[0]?.count ?? 0;
  const look = async () => ({
    a: await count(a, 'lossy'),
    c: await count(c, 'lossy'),
    clean: await count(c, 'clean'),
  });
  void b;
  let last = await look();
  return await until(
    async () => {
      await delay(1_000);
      const now = await look();
      const same = JSON.stringify(now) === JSON.stringify(last);
      last = now;
      return same ? now : undefined;
    },
    { what: 'the end of the streams', timeoutMs: 60_000, everyMs: 0 },
  );
}

/** Milliseconds of the quickest of some pings. */
async function roundTrip(from: Container, to: Container): Promise<number> {
  const ping = ['/usr/bin/ping', '-c', '10', '-i', '0.2', '-W', '2', to.ip];
  const said = await from.host
    .docker(['exec', from.id, ...ping])
    .catch((error: Error) => error.message);
  return Number(/min\/avg\/max\/mdev = ([\d.]+)/.exec(said)?.[1] ?? 0);
}

function mustBeUp(peers: HostReport['peers']): void {
  const down = peers.filter((it) => it.state !== 'up').map((it) => `${it.address} ${it.state}`);
  if (peers.length !== 2 || down.length > 0)
    throw new Error(`sessions: ${peers.length} peers, ${down.join(', ')}`);
}
