/** Rounds in which what is compared takes turns, until it is decided. */
import type { Context } from './context.ts';
import { MOST } from './decision.ts';

/** Of two values nobody can tell which one is odd. */
const FEWEST = 3;

/** By name, its value in each round that it took part in. */
export type Values = ReadonlyMap<string, readonly number[]>;

export interface Turns<T> {
  readonly of: readonly T[];
  readonly most?: number;
  /** Names of those whose further rounds may still decide something, by all rounds so far. */
  readonly open: (values: Values) => ReadonlySet<string>;
}

/**
 * Calls `round` with all, and then with those alone about which something is open, until nothing is or there were
 * `most` rounds.
 * @param round measures each of those it is given, in that order
 */
export async function inRounds<T extends { readonly name: string }>(
  { quick }: Pick<Context, 'quick'>,
  { of, most = MOST, open }: Turns<T>,
  round: (turn: readonly T[], number: number) => Promise<readonly number[]>,
): Promise<Values> {
  const values = new Map(of.map((it) => [it.name, [] as number[]]));
  const last = quick ? Math.min(2, most) : most;
  for (let number = 0; number < last; number++) {
    const names = number < FEWEST ? undefined : open(values);
    const turn = of.filter((it) => names?.has(it.name) ?? true);
    if (turn.length === 0) break;
    const measured = await round(turn, number);
    for (const [at, { name }] of turn.entries()) {
      values.get(name)?.push(measured[at] ?? Number.NaN);
    }
  }
  return values;
}

/** A round that measures one after the other. */
export function oneByOne<T>(
  measure: (one: T, round: number) => Promise<number>,
): (turn: readonly T[], number: number) => Promise<number[]> {
  return async (turn, number) => {
    const values: number[] = [];
    for (const one of turn) values.push(await measure(one, number));
    return values;
  };
}
