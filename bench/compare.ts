/** Castnet beside each of the others: a chart, and a row for each that it is compared with. */
import { type Context, type PathName, SLOW } from './context.ts';
import { type Goal, isOpen } from './decision.ts';
import { FAST_GOALS } from './goals.ts';
import type { Path } from './path.ts';
import { figure, median, ratio, rowOf } from './result.ts';
import { inRounds, type Turns, type Values } from './rounds.ts';

export interface Comparison {
  /** Of the chart. */
  readonly title: string;
  readonly unit: string;
  /** Whether more of it is better; by default it is. */
  readonly more?: boolean;
  /** Of the rows, where the chart has another title. */
  readonly what?: string;
  /** Whose ratios to the others these are: castnet's own path. */
  readonly own?: PathName;
  /**
   * Rounds without which no goal is decided. Where a figure has modes, so many that it is not decided by some that
   * happen to come from one, nor by what is known of no distribution but the normal (decision.ts).
   */
  readonly fewest?: number;
  /** By path, what castnet's ratio to it must be; empty where it only informs. */
  readonly others: { readonly [name in PathName]?: Goal };
}

/** The unit of `rates`. */
export const RATE = 'packets/s without loss';

const TITLES: Partial<Record<string, string>> = {
  overlay: "Docker's overlay",
  'overlay-encrypted': "Docker's encrypted overlay",
  flooding: 'flooding VXLAN',
  [SLOW]: 'castnet by bridge and tunnel',
};

/** Measures paths in rounds until each row is decided, and reports. */
export async function compare(
  context: Context,
  turns: Omit<Turns<Path>, 'open'>,
  comparison: Comparison,
  round: (turn: readonly Path[], number: number) => Promise<readonly number[]>,
): Promise<void> {
  const open = (values: Values) => openIn(values, comparison);
  const values = await inRounds(context, { ...turns, open }, round);
  report(context, values, comparison);
}

/** Castnet's path and those it is compared with, where further rounds may decide. */
export function openIn(values: Values, comparison: Comparison): Set<string> {
  const { own: name = 'castnet', fewest } = comparison;
  const own = values.get(name) ?? [];
  const open = goalsOf(values, comparison)
    .filter(({ other, goal }) => isOpen(ratio(own, other).rounds, goal, fewest))
    .map(({ peer }) => peer);
  return new Set(open.length === 0 ? [] : [name, ...open]);
}

/** The others that were measured, and what castnet must be to them. */
function goalsOf(values: Values, { title, others }: Comparison) {
  // With the fast path the others are the same, and its own slow path is one of them.
  const asked = values.has(SLOW) ? { [SLOW]: {}, ...others, ...FAST_GOALS[title] } : others;
  return Object.entries(asked).flatMap(([peer, goal]) => {
    const other = values.get(peer);
    return other === undefined ? [] : [{ peer, other, goal }];
  });
}

/** A chart of all paths, and a row for castnet against each of the others. */
export function report({ findings }: Context, values: Values, comparison: Comparison): void {
  const { title, unit, more = true, what = title, own: name = 'castnet' } = comparison;
  const medians = [...values].map(([path, list]) => ({ name: path, value: median(list) }));
  findings.series.push({ title, unit, more, values: medians });
  const own = values.get(name);
  if (own === undefined) return;
  const words = (list: readonly number[]) =>
    `${figure(median(list))}${unit === RATE ? '' : ` ${unit}`}`;
  for (const { peer, other, goal } of goalsOf(values, comparison)) {
    findings.rows.push(
      rowOf({
        figure: `${what}: ${name} to ${TITLES[peer] ?? peer}`,
        ...ratio(own, other),
        ...goal,
        from: `${words(own.slice(0, other.length))} to ${words(other)}`,
      }),
    );
  }
}
