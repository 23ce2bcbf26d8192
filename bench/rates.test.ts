import { describe, expect, test } from 'vitest';
import { isOpen, verdictOf } from './decision.ts';
import { searchFrom } from './rates.ts';
import type { RateSearch } from './search.ts';
import { seeded } from './seeded.ts';

const PRECISION = 1.05;
const GOAL = { atLeast: 1 };

const random = seeded();
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

/** Rounds of a path that carries `limit` packets a second, in each trial more or less by `noise`. */
function path(limit: number, noise: number) {
  let before: RateSearch | undefined;
  const guess = limit * (0.7 + 0.6 * random());
  let trials = 0;
  return {
    trials: () => trials,
    round: () => {
      const search = searchFrom({ before, guess }, PRECISION, random);
      for (let pps = search.next; pps !== undefined; pps = search.next) {
        trials += 1;
        search.report({ pps, loss: pps > limit * Math.exp(noise * normal()) ? 0.01 : 0 });
      }
      before = search;
      return search.result;
    },
  };
}

/** How many of 1000 figures, each the ratio of two searched rates and truly `truth`, are decided in 12 rounds. */
function decided(truth: number, noise: number) {
  const count = { yes: 0, NO: 0, 'not decided': 0 };
  for (let i = 0; i < 1000; i++) {
    const [over, under] = [path(40_000 * truth, noise), path(40_000, noise)];
    const rounds: number[] = [];
    while (rounds.length < 3 || (rounds.length < 12 && isOpen(rounds, GOAL))) {
      rounds.push(over.round() / under.round());
    }
    count[verdictOf(rounds, GOAL)] += 1;
  }
  return count;
}

describe.each([0.005, 0.02, 0.05])('where trials differ by %f', (noise) => {
  test('at most one figure in about twenty is decided by chance where the truth is just what must be', () => {
    const { yes, NO } = decided(1, noise);
    expect(yes + NO).toBeLessThan(60);
  });

  test('a truth that is clear is found, and hardly ever missed', () => {
    const good = decided(1.15, noise);
    expect(good.yes).toBeGreaterThan(980);
    expect(good.NO).toBe(0);
    expect(decided(0.87, noise).NO).toBeGreaterThan(980);
  });

  test('the rate is found in few trials', () => {
    const one = path(40_000, noise);
    const rates = Array.from({ length: 200 }, one.round);
    for (const rate of rates) expect(Math.abs(rate / 40_000 - 1)).toBeLessThan(0.06 + 3 * noise);
    expect(one.trials()).toBeLessThan(200 * 5.5);
  });
});
