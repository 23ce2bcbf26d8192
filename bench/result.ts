/** What a run found out. Pure: values and how they are put into words. */

/** One line of the table: a figure, what it must be and what it is. */
export interface Row {
  readonly figure: string;
  readonly must: string;
  readonly measured: string;
  /** Undefined for a row that only informs. */
  readonly kept: Verdict | undefined;
}

/** Whether a figure is as it must be. `not decided`: it is not, by less than its rounds differ. */
export type Verdict = 'yes' | 'NO' | 'not decided';

/** One figure for several paths, as measured; the table's ratios come from such. */
export interface Series {
  readonly title: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly more: boolean;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

export interface Findings {
  readonly rows: Row[];
  readonly series: Series[];
  /** Sentences about what was not measured, and why. */
  readonly notes: string[];
}

/** The value that at least `p` (0 to 1) of all values do not exceed; NaN of none. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = Math.max(0, Math.ceil(p * sorted.length) - 1);
  return sorted[place] ?? Number.NaN;
}

/** The median; the mean of the middle two of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

/** Three digits, with thin groups of thousands. */
export function figure(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '∞';
  if (!Number.isFinite(value)) return 'none';
  const size = Math.abs(value);
  const digits = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, size >= 1000 ? ' ' : '');
}

export interface Limit {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The value in each round, where it is the median of some. */
  readonly rounds?: readonly number[];
  /** What the value was made of, in brackets behind it. */
  readonly from?: string;
}

/** A row for a value that has a limit, or only informs. */
export function rowOf(limit: Limit): Row {
  const { figure: name, value, unit, atMost, atLeast, rounds = [], from } = limit;
  const suffix = unit === '' || unit === '×' || unit === '%' ? unit : ` ${unit}`;
  const must: string[] = [];
  if (atMost !== undefined) must.push(`≤ ${atMost}${suffix}`);
  if (atLeast !== undefined) must.push(`≥ ${atLeast}${suffix}`);
  const made = [from, rounds.length > 1 ? spread(rounds) : undefined].filter((it) => it);
  return {
    figure: name,
    must: must.join(', '),
    measured: `${figure(value)}${suffix}${made.length === 0 ? '' : ` (${made.join('; ')})`}`,
    kept: must.length === 0 ? undefined : verdictOf(limit),
  };
}

function verdictOf({ value, atMost, atLeast, rounds = [] }: Limit): Verdict {
  const over = value - (atMost ?? Number.POSITIVE_INFINITY);
  const under = (atLeast ?? Number.NEGATIVE_INFINITY) - value;
  if (over <= 0 && under <= 0) return 'yes';
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  return most - least > Math.max(over, under) ? 'not decided' : 'NO';
}

/** The least and the greatest of the rounds: how far their median can be trusted. */
function spread(rounds: readonly number[]): string {
  return `rounds ${figure(Math.min(...rounds))} to ${figure(Math.max(...rounds))}`;
}

/**
 * The ratio of two paths: the median of the rounds, each of which compares what was measured side by
 * side, so that a machine that slows down midway does not speak for or against either.
 */
export function ratio(
  over: readonly number[],
  under: readonly number[],
): Required<Pick<Limit, 'value' | 'unit' | 'rounds'>> {
  const rounds = over.map((value, round) => value / (under[round] ?? Number.NaN));
  return { value: median(rounds), unit: '×', rounds };
}
