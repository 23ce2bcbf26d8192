/** Castnet beside each of the others: a chart, and a row for each that it is compared with. */
import { type Context, type PathName, SLOW } from './context.ts';
import { FAST_GOALS } from './goals.ts';
import { figure, type Limit, median, ratio, rowOf } from './result.ts';

function medians(values: Map<string, number[]>): { name: string; value: number }[] {
  return [...values].map(([name, list]) => ({ name, value: median(list) }));
}

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
  /** By path, what castnet's ratio to it must be; empty where it only informs. */
  readonly others: { readonly [name in PathName]?: Pick<Limit, 'atLeast' | 'atMost'> };
}

/** The unit of `rates`. */
export const RATE = 'packets/s without loss';

const TITLES: Partial<Record<string, string>> = {
  overlay: "Docker's overlay",
  'overlay-encrypted': "Docker's encrypted overlay",
  flooding: 'flooding VXLAN',
  [SLOW]: 'castnet by bridge and tunnel',
};

/** A chart of all paths, and a row for castnet against each of the others. */
export function compare(
  { findings }: Context,
  values: Map<string, number[]>,
  { title, unit, more = true, what = title, own: name = 'castnet', others }: Comparison,
): void {
  if (values.size === 0) return;
  findings.series.push({ title, unit, more, values: medians(values) });
  const own = values.get(name);
  if (own === undefined) return;
  const words = (list: readonly number[]) =>
    `${figure(median(list))}${unit === RATE ? '' : ` ${unit}`}`;
  // With the fast path the others are the same, and its own slow path is one of them.
  const asked = values.has(SLOW) ? { [SLOW]: {}, ...others, ...FAST_GOALS[title] } : others;
  for (const [peer, limit] of Object.entries(asked)) {
    const other = values.get(peer);
    if (other === undefined) continue;
    findings.rows.push(
      rowOf({
        figure: `${what}: ${name} to ${TITLES[peer] ?? peer}`,
        ...ratio(own, other),
        ...limit,
        from: `${words(own)} to ${words(other)}`,
      }),
    );
  }
}
