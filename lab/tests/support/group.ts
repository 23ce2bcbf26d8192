/** Waiting until a group's membership has reached every host. */

import type { Station } from '../../kit/station.ts';
import { until } from '../../run.ts';

/**
 * Says probes to a group until every station has heard one of each other. All of them must have
 * joined it. The probes have the tag "probe", which no test counts.
 */
export const groupReady = (stations: readonly Station[], group: string): Promise<void> =>
  allHear(stations, { group, tag: 'probe', withinMs: 10_000 });

/** Says packets under a tag until every station has heard one of each other. */
export async function allHear(
  stations: readonly Station[],
  { group, tag, withinMs }: { group: string; tag: string; withinMs: number },
): Promise<void> {
  await until(
    async () => {
      await Promise.all(stations.map((it) => it.say({ to: group, tag })));
      for (const station of stations) {
        const from = new Set((await station.heard(tag)).map((it) => it.from));
        const missed = stations.find((it) => it !== station && !from.has(it.name));
        if (missed !== undefined) throw new Error(`${station.name} has not heard ${missed.name}`);
      }
      return true;
    },
    { what: `${group} reaching everyone`, timeoutMs: withinMs },
  );
}

/** Says probes to a group until one of them is heard at another station. */
export async function untilHeard(what: {
  from: Station;
  at: Station;
  group: string;
}): Promise<void> {
  const { from, at, group } = what;
  const tag = `probe-${group}-${from.name}`;
  await until(
    async () => {
      await from.say({ to: group, tag });
      return (await at.heard(tag)).length > 0 || undefined;
    },
    { what: `${group} from ${from.name} at ${at.name}`, timeoutMs: 10_000 },
  );
}

/**
 * What each receiver heard under a tag, as "receiver <- sender" with count and doubles, sorted:
 * to be compared with `everyPair`.
 */
export async function pairsHeard(stations: readonly Station[], tag: string): Promise<string[]> {
  const lists = await Promise.all(
    stations.map(async (station) =>
      (await station.heard(tag))
        .filter((it) => it.from !== station.name)
        .map((it) => `${station.name} <- ${it.from}: ${it.count}, again ${it.doubles}`),
    ),
  );
  return lists.flat().sort();
}

/** What `pairsHeard` returns when everyone heard `count` packets of every other, once each. */
export function everyPair(stations: readonly Station[], count: number): string[] {
  return stations
    .flatMap((to) =>
      stations
        .filter((from) => from !== to)
        .map((from) => `${to.name} <- ${from.name}: ${count}, again 0`),
    )
    .sort();
}

/** Waits until everyone heard all, then returns what was heard, for a comparison. */
export async function settledPairs(
  stations: readonly Station[],
  wanted: { tag: string; count: number },
): Promise<string[]> {
  const full = everyPair(stations, wanted.count).join();
  let last: string[] = [];
  await until(
    async () => {
      last = await pairsHeard(stations, wanted.tag);
      return last.join() === full || undefined;
    },
    { what: wanted.tag, timeoutMs: 5_000 },
  ).catch(() => {});
  return last;
}
