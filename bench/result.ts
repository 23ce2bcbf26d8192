/** What a run found out. Pure: values and how they are put into words. */

/** One line of the table: a figure, what it must be and what it is. */
export interface Row {
  readonly figure: string;
  readonly must: string;
  readonly measured: string;
  /** Undefined for a row that only informs. */
  readonly ok: boolean | undefined;
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

export interface Limit {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** What the value was made of, in brackets behind it. */
  readonly from?: string;
}

/** A row for a value that has a limit, or only informs. */
export function rowOf({ figure: name, value, unit, atMost, atLeast, from }: Limit): Row {
  const suffix = unit === '' || unit === '×' || unit === '%' ? unit : ` ${unit}`;
  const must: string[] = [];
  if (atMost !== undefined) must.push(`≤ ${atMost}${suffix}`);
  if (atLeast !== undefined) must.push(`≥ ${atLeast}${suffix}`);
  const limited = must.length > 0;
  const within = value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? -1);
  return {
    figure: name,
    must: must.join(', '),
    measured: `${figure(value)}${suffix}${from === undefined ? '' : ` (${from})`}`,
    ok: limited ? within : undefined,
  };
}

/**
 * The median over rounds of the ratio of two paths: each round compares what was measured side by
 * side, so that a machine that slows down midway does not speak for or against either.
 */
export function ratio(over: readonly number[], under: readonly number[]): number {
  return median(ratios(over, under));
}

/** The least and the greatest ratio of the rounds: how far the median can be trusted. */
export function spread(over: readonly number[], under: readonly number[]): string {
  const all = ratios(over, under);
  return `rounds ${figure(Math.min(...all))} to ${figure(Math.max(...all))}`;
}

function ratios(over: readonly number[], under: readonly number[]): number[] {
  return over.map((value, round) => value / (under[round] ?? Number.NaN));
}
