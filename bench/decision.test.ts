import { describe, expect, test } from 'vitest';
import { interval, isOpen, MOST, verdictOf } from './decision.ts';
import { seeded } from './seeded.ts';

/** Numbers 1 to `count`, upside down, so that an interval tells the ranks it is from. */
const ranks = (count: number) => Array.from({ length: count }, (_, at) => count - at);

// Of the tables of such intervals, those of 99 % or more.
test.each([
  [8, 1, 8],
  [11, 1, 11],
  [12, 2, 11],
  [15, 3, 13],
  [18, 4, 15],
  [20, 4, 17],
])('of %i rounds the median is between the ranks %i and %i', (count, low, high) => {
  expect(interval(ranks(count))).toEqual([low, high]);
});

test('of less than eight rounds it is Student’s for the mean', () => {
  const [low, high] = interval([1, 2, 3]);
  expect(low).toBeCloseTo(2 - 9.925 / Math.sqrt(3), 3);
  expect(high).toBeCloseTo(2 + 9.925 / Math.sqrt(3), 3);
  expect(interval([4, 4, 4])).toEqual([4, 4]);
});

test.each([
  { rounds: [2.12, 2.22, 2.34], goal: { atLeast: 3.5 }, verdict: 'NO' },
  { rounds: [1.61, 1.62, 1.65], goal: { atLeast: 1.15 }, verdict: 'yes' },
  // All on one side, but not by what three rounds may differ.
  { rounds: [1.04, 1.06, 1.11], goal: { atLeast: 0.97 }, verdict: 'not decided' },
  { rounds: [0.96, 0.97, 0.99], goal: { atMost: 1.03 }, verdict: 'not decided' },
  { rounds: ranks(8), goal: { atLeast: 1 }, verdict: 'yes' },
  { rounds: ranks(8), goal: { atMost: 0.9 }, verdict: 'NO' },
  { rounds: ranks(8), goal: { atLeast: 1.1 }, verdict: 'not decided' },
  // Single rounds may be anywhere, once there are enough.
  { rounds: [...ranks(14), 100], goal: { atMost: 13 }, verdict: 'yes' },
  { rounds: ranks(3), goal: {}, verdict: 'yes' },
  { rounds: [0, 0, 0], goal: { atLeast: 1 }, verdict: 'NO' },
  { rounds: [2, Number.NaN, 2], goal: { atLeast: 1 }, verdict: 'NO' },
  { rounds: [2, Number.POSITIVE_INFINITY, 2], goal: { atLeast: 1 }, verdict: 'not decided' },
])('of $rounds, to be $goal: $verdict', ({ rounds, goal, verdict }) => {
  expect(verdictOf(rounds, goal)).toBe(verdict);
});

test('a single value is what it is', () => {
  expect(verdictOf([1], { atLeast: 1 })).toBe('yes');
  expect(verdictOf([1], { atLeast: 1.1 })).toBe('NO');
  expect(verdictOf([Number.NaN], { atLeast: 1.1 })).toBe('NO');
  expect(verdictOf([1], { atLeast: 0.99, atMost: 1.01 })).toBe('yes');
});

test('a figure is open until its verdict is clear, or its median known well enough', () => {
  expect(isOpen([2.12, 2.22, 2.34], { atLeast: 3.5 })).toBe(false);
  expect(isOpen([2.12, 2.22, 2.34], { atLeast: 2.2 })).toBe(true);
  expect(isOpen([0.998, 1, 1.001], { atLeast: 1 })).toBe(false);
  expect(isOpen(ranks(3), {})).toBe(false);
  expect(isOpen([2, Number.POSITIVE_INFINITY, 2], { atLeast: 1 })).toBe(true);
});

test('a figure is given up once whatever may follow the goal will be within its interval', () => {
  const goal = { atLeast: 4.5 };
  // Two of twelve are outside of it.
  expect(isOpen([1, 2, 5, 6, 7, 8, 9], goal)).toBe(true);
  expect(isOpen([1, 2, 5, 6, 7, 8, 9, 10], goal)).toBe(false);
  expect(isOpen([1, 5, 5, 6, 7, 8, 9, 10], goal)).toBe(true);
  expect(isOpen([1, 2, 3, 3, 3, 4, 4, 10], goal)).toBe(true);
  expect(isOpen([4, 5, 5, 6, 7, 8, 9, 10], { atLeast: 4.5, atMost: 9.5 })).toBe(true);
  expect(isOpen([4, 5, 5, 6, 7, 8, 10, 10], { atLeast: 4.5, atMost: 9.5 })).toBe(false);
});

describe('with a look after each round', () => {
  /** Of 2000 figures whose median is `truth`, those that are decided in so many rounds as a figure gets. */
  function decided(draw: () => number, truth: number, fewest: number) {
    const count = { yes: 0, NO: 0, 'not decided': 0 };
    for (let i = 0; i < 2000; i++) {
      const rounds = Array.from({ length: fewest }, () => draw() + truth);
      while (rounds.length < MOST && isOpen(rounds, { atLeast: 100 })) rounds.push(draw() + truth);
      count[verdictOf(rounds, { atLeast: 100 })] += 1;
    }
    return count;
  }
  const random = seeded();
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const skewed = () => -Math.log(random()) - Math.LN2;
  const twoModes = () => (random() < 0.5 ? 9 : -9) + normal();
  // Wide enough that no interval counts as narrow.
  const wide = (draw: () => number) => () => 10 * draw();

  test.each([
    { draw: wide(normal), fewest: 3 },
    { draw: wide(skewed), fewest: 3 },
    { draw: twoModes, fewest: 8 },
  ])('one in about twenty is decided by chance where the truth is just what must be', (it) => {
    const { yes, NO } = decided(it.draw, 100, it.fewest);
    expect(yes + NO).toBeLessThan(0.07 * 2000);
  });

  test('what is given up would not have been decided', () => {
    let given = 0;
    for (let i = 0; i < 2000; i++) {
      const rounds = Array.from({ length: 8 }, () => 10 * normal());
      if (isOpen(rounds, { atLeast: 5 }) || verdictOf(rounds, { atLeast: 5 }) !== 'not decided')
        continue;
      given += 1;
      while (rounds.length < MOST) {
        rounds.push((i % 2 ? 1 : -1) * 100);
        expect(verdictOf(rounds, { atLeast: 5 })).toBe('not decided');
      }
    }
    expect(given).toBeGreaterThan(1000);
  });

  test('a truth that is clear is found, and hardly ever missed', () => {
    const good = decided(wide(normal), 120, 3);
    expect(good.yes).toBeGreaterThan(0.98 * 2000);
    expect(good.NO).toBe(0);
    expect(decided(wide(normal), 80, 3).NO).toBeGreaterThan(0.98 * 2000);
  });
});
