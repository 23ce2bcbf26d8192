/** Packets between the stations of a step, of which each is looked for. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Heard, Station } from '../kit/station.ts';
import { until } from '../run.ts';

/** Packets a second of each station. */
export const RATE = 50;
/** Packets of each to each other, and to the group. */
export const COUNT = 30;
/** What was under way when something was done has come after so long, milliseconds. */
const AFTER_MS = 1_000;

/** Everyone says so many packets to every other and to the group, and each is heard, once. */
export async function exchange(
  stations: readonly Station[],
  { group, tag }: { group: string; tag: string },
): Promise<void> {
  const [one, all] = [`${tag}-unicast`, `${tag}-group`];
  const say = { count: COUNT, rate: RATE };
  const others = (of: Station) => stations.filter((it) => it !== of);
  await Promise.all(
    stations.map(async (from) => {
      await from.say({ ...say, to: group, tag: all });
      for (const to of others(from)) await from.say({ ...say, to: to.container.ip, tag: one });
    }),
  );
  for (const to of stations)
    for (const from of others(to))
      for (const it of [one, all]) await to.hears(from, { tag: it, count: COUNT });
  await noneTwice(stations, [one, all]);
}

/** Who streams to which address, and who hears it. */
export type Flow = { from: Station; to: string; at: readonly Station[] };

/**
 * Streams while something is done; none is heard twice, and each stream's last packet is.
 * @returns packets that were not heard, in the order of the flows and of those who hear them
 */
export async function underStreams(
  flows: readonly Flow[],
  tag: string,
  work: () => Promise<unknown>,
): Promise<number[]> {
  for (const { from, to } of flows) await from.stream({ to, tag, rate: RATE });
  for (const { from, at } of flows) for (const it of at) await it.hears(from, { tag, count: 5 });
  await work();
  await delay(AFTER_MS);
  const lost: number[] = [];
  for (const { from, at } of flows) {
    const sent = await from.stop(tag);
    for (const it of at) lost.push(sent - (await wholeEnd(it, { from, tag, sent })).count);
  }
  await noneTwice([...new Set(flows.flatMap((it) => it.at))], [tag]);
  return lost;
}

function wholeEnd(
  at: Station,
  { from, tag, sent }: { from: Station; tag: string; sent: number },
): Promise<Heard> {
  return until(
    async () => {
      const heard = (await at.heard(tag)).find((it) => it.from === from.name);
      if (heard?.last === sent) return heard;
      throw new Error(`the last that came is ${heard?.last} of ${sent}`);
    },
    { what: `the end of "${tag}" from ${from.name} at ${at.name}`, timeoutMs: 10_000 },
  );
}

async function noneTwice(stations: readonly Station[], tags: readonly string[]): Promise<void> {
  for (const station of stations)
    for (const { from, tag, doubles } of await station.heard())
      if (tags.includes(tag) && doubles > 0)
        throw new Error(`${doubles} packets "${tag}" from ${from} came twice at ${station.name}`);
}
