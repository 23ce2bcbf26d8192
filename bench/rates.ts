/** The highest rates without loss, of several paths in turns. */
import { type Comparison, compare, RATE } from './compare.ts';
import { type Context, RIVALS } from './context.ts';
import type { Path } from './path.ts';
import { figure } from './result.ts';
import { RateSearch } from './search.ts';

export interface RatesOptions {
  readonly paths: readonly Path[];
  /** Bytes of payload. */
  readonly size: number;
  /** Group, or undefined for unicast to the first receiver. */
  readonly group?: string;
  readonly receivers?: number;
  /** Packets a second of the first trial; tinc and n2n start at a third. */
  readonly start: number;
  /** Title of a chart of what some of the paths carried in another way: better to start from, where it was measured. */
  readonly near?: string | undefined;
}

/** Factor between the good and the bad rate at which a search ends. Ratios that differ by less mean nothing. */
const PRECISION = 1.05;
/**
 * A search that starts from a guess, one from a neighbour's rate, and one from the round before. Two halvings of the
 * first stride, or one, come to the precision.
 */
const GUESSED = { stride: 1.21, trials: 14, ends: 2 };
const NEAR = { stride: 1.1, trials: 12, ends: 2 };
/** As a rule two trials and one again, or two more: as good, and no more, within the precision. */
const KNOWN = { stride: 1.049, trials: 12, ends: 2 };
/** Of the rate before: clearly more than a sender has that was at its end. */
const ABOVE = 1.15;

/** What is known of a path's rate before it is searched for. */
export interface Known {
  /** The search of the round before. */
  readonly before?: Pick<RateSearch, 'result' | 'atSender'> | undefined;
  /** Packets a second of another size, say. */
  readonly near?: number | undefined;
  /** Packets a second, for want of better. */
  readonly guess: number;
}

/**
 * The search of one round. It tries a few rates in fixed ratios to the first, so it starts anywhere within the
 * precision: else all rounds would try the same few rates, and their results be more alike than independent ones.
 * @param random 0 to 1, evenly
 */
export function searchFrom(
  { before, near, guess }: Known,
  precision: number,
  random: () => number,
): RateSearch {
  const anywhere = 1 - (precision - 1) * random();
  if (before?.result) {
    const { result, atSender } = before;
    if (atSender) {
      return new RateSearch({ ...KNOWN, precision, start: result * ABOVE, ends: 1 });
    }
    return new RateSearch({ ...KNOWN, precision, start: result * anywhere });
  }
  if (near) return new RateSearch({ ...NEAR, precision, start: near * anywhere });
  return new RateSearch({ ...GUESSED, precision, start: guess * anywhere });
}

/** Searches each path's rate in rounds, the paths' trials interleaved, and compares. */
export function rates(
  context: Context,
  { paths, start, near, ...trial }: RatesOptions,
  comparison: Omit<Comparison, 'unit'>,
): Promise<void> {
  const ms = context.quick ? 300 : 500;
  const precision = context.quick ? 1.15 : PRECISION;
  const last = new Map<string, RateSearch>();
  const beside = context.findings.series.find((it) => it.title === near)?.values;
  const searchOf = ({ name }: Path): RateSearch => {
    const guess = RIVALS.some((it) => it === name) ? start / 3 : start;
    const found = beside?.find((it) => it.name === name)?.value;
    const known = { before: last.get(name), near: found, guess };
    return searchFrom(known, precision, Math.random);
  };
  const turns = { of: paths, ...(context.quick ? { most: 1 } : {}) };
  return compare(context, turns, { ...comparison, unit: RATE }, async (turn, round) => {
    const searches = turn.map((path) => ({ path, search: searchOf(path) }));
    for (let going = true; going; ) {
      going = false;
      for (const { path, search } of searches) {
        const rate = search.next;
        if (rate === undefined) continue;
        going = true;
        search.report(await context.traffic.trial({ path, rate, ms, ...trial }));
      }
    }
    for (const { path, search } of searches) last.set(path.name, search);
    const line = searches.map(({ path, search }) => `${path.name} ${figure(search.result)}`);
    context.say(`${comparison.title}, round ${round + 1}, packets/s: ${line.join(', ')}`);
    return searches.map(({ search }) => search.result);
  });
}
