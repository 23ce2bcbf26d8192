/** What a run found out. Pure: values and how they are put into words. */
import { type Goal, interval, type Verdict, verdictOf } from './decision.ts';

/** One line of the table: a figure, what it must be and what it is. */
export interface Row {
  readonly figure: string;
  readonly must: string;
  readonly measured: string;
  /** Undefined for a row that only informs. */
  readonly kept: Verdict | undefined;
}

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

export interface Limit extends Goal {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
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
  const goal = must.length > 0;
  const made = [from, rounds.length > 1 ? spread(rounds, goal) : undefined].filter((it) => it);
  return {
    figure: name,
    must: must.join(', '),
    measured: `${figure(value)}${suffix}${made.length === 0 ? '' : ` (${made.join('; ')})`}`,
    kept: goal ? verdictOf(rounds.length > 1 ? rounds : [value], limit) : undefined,
  };
}

/** The least and the greatest of the rounds and, where something must be, what the verdict is from. */
function spread(rounds: readonly number[], goal: boolean): string {
  const range = (low: number, high: number) => `${figure(low)} to ${figure(high)}`;
  const all = `${rounds.length} rounds ${range(Math.min(...rounds), Math.max(...rounds))}`;
  return goal ? `${all}, median 99 % ${range(...interval(rounds))}` : all;
}

/**
 * The ratio of two paths: the median of the rounds, each of which compares what was measured side by
 * side, so that a machine that slows down midway does not speak for or against either. A path that was left out
 * of later rounds is compared in its own.
 */
export function ratio(
  over: readonly number[],
  under: readonly number[],
): Required<Pick<Limit, 'value' | 'unit' | 'rounds'>> {
  const rounds = under.map((value, round) => (over[round] ?? Number.NaN) / value);
  return { value: median(rounds), unit: '×', rounds };
}
