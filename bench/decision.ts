/** Whether a figure that differs from round to round is as it must be. Pure. */

/** What a figure must be. */
export interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Whether a figure is as it must be. `not decided`: its rounds differ too much to tell. */
export type Verdict = 'yes' | 'NO' | 'not decided';

/**
 * How surely an interval holds the median. More than the usual 95 %, for rounds go on until a goal is outside of
 * it: of many looks at 99 % one in about twenty is wrong in all, where the median is just what it must be.
 */
const LEVEL = 0.99;

/** Rounds that a figure gets at most: the fewest whose interval leaves out one on either side. */
export const MOST = 12;

/** Student's t for two sides of 99 %, by rounds; NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
const STUDENT = [Number.NaN, Number.NaN, 63.657, 9.925, 5.841, 4.604, 4.032, 3.707];

/**
 * The interval that holds the median with 99 %. Of eight rounds or more it is that between two of them, whatever
 * their distribution: the k-th lowest and the k-th highest hold it unless fewer than k rounds fell on one side,
 * which is a matter of tossing coins (Hoefler and Belli, Scientific Benchmarking of Parallel Computing Systems,
 * SC 2015, 3.1.3; David and Nagaraja, Order Statistics, 7.1). Of fewer rounds not even the outermost two do,
 * and it is Student's for their mean.
 */
export function interval(rounds: readonly number[]): readonly [low: number, high: number] {
  const count = rounds.length;
  const sorted = [...rounds].sort((a, b) => a - b);
  const k = rank(count);
  if (k > 0) return [sorted[k - 1] ?? Number.NaN, sorted[count - k] ?? Number.NaN];
  const mean = rounds.reduce((sum, it) => sum + it, 0) / count;
  const squares = rounds.reduce((sum, it) => sum + (it - mean) ** 2, 0);
  const half = (STUDENT[count] ?? Number.NaN) * Math.sqrt(squares / (count - 1) / count);
  return [mean - half, mean + half];
}

/** The most k whose interval has the level; 0 if none has. */
function rank(count: number): number {
  let outside = 0;
  let ways = 1;
  for (let k = 0; ; k++) {
    outside += (2 * ways) / 2 ** count;
    if (1 - outside < LEVEL) return k;
    ways = (ways * (count - k)) / (k + 1);
  }
}

/** Whether the median of rounds keeps its goal: all of its interval does, or none of it. A single value is certain. */
export function verdictOf(rounds: readonly number[], goal: Goal): Verdict {
  const [single = Number.NaN] = rounds;
  if (rounds.some(Number.isNaN)) return 'NO';
  return verdictBy(rounds.length > 1 ? interval(rounds) : [single, single], goal);
}

function verdictBy(
  [low, high]: readonly [number, number],
  { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Goal,
): Verdict {
  if (low >= atLeast && high <= atMost) return 'yes';
  return high < atLeast || low > atMost ? 'NO' : 'not decided';
}

/** Of the median: what two figures differ by without meaning anything. */
const NOTHING = 0.05;

/**
 * Whether further rounds may decide. They do not where all of the interval keeps its goal or none of it, nor where the
 * goal will be within it whatever they are, and are not worth it where it is that narrow around the goal. None of this
 * asks which of the two verdicts it will be.
 * @param fewest rounds that a figure with a goal gets in any case
 */
export function isOpen(rounds: readonly number[], goal: Goal, fewest = 0): boolean {
  if (rounds.length < fewest && Object.keys(goal).length > 0) return true;
  if (verdictOf(rounds, goal) !== 'not decided' || !canDecide(rounds, goal)) return false;
  const [low, high] = interval(rounds);
  return !(high - low < (NOTHING * Math.abs(low + high)) / 2);
}

/**
 * Whether any further rounds could bring a verdict. From eight on it is by their order: once two rounds have missed the
 * goal and two have kept it, one more than the interval of the most rounds leaves out, it is 'not decided' for good.
 */
function canDecide(rounds: readonly number[], goal: Goal): boolean {
  const count = rounds.length;
  if (rank(count) === 0) return true;
  const sorted = [...rounds].sort((a, b) => a - b);
  const k = rank(MOST);
  // Further rounds that are all beyond one end leave the other end as it is.
  const ends = [sorted[k - 1] ?? Number.NaN, sorted[count - k] ?? Number.NaN] as const;
  return verdictBy(ends, goal) !== 'not decided';
}
