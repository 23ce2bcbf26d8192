import { expect, test } from 'vitest';
import { RateSearch, type SearchOptions } from './search.ts';

const OPTIONS: SearchOptions = { start: 9000, stride: 1.3, precision: 1.035, trials: 20, ends: 2 };

/** Runs a search against a path that loses what is above `limit`, and a sender that ends at `most`. */
function search(limit: number, most = Number.POSITIVE_INFINITY, options = OPTIONS) {
  const search = new RateSearch(options);
  let trials = 0;
  for (let rate = search.next; rate !== undefined; rate = search.next) {
    const pps = Math.min(rate, most);
    search.report({ pps, loss: Math.max(0, 1 - limit / pps) });
    trials += 1;
  }
  return { result: search.result, trials, atSender: search.atSender };
}

test.each([1500, 9000, 16_700, 63_500, 400_000])(
  'finds a limit of %i within the precision',
  (limit) => {
    const { result, trials } = search(limit);
    expect(result).toBeLessThanOrEqual(limit * 1.001);
    expect(result).toBeGreaterThan(limit / 1.04);
    expect(trials).toBeLessThanOrEqual(20);
  },
);

test('a search that starts right below the limit is over after three trials', () => {
  const known = { ...OPTIONS, stride: 1.035, precision: 1.036 };
  const { result, trials } = search(30_000, undefined, { ...known, start: 30_000 * 0.985 });
  expect({ result, trials }).toEqual({ result: 29_550, trials: 3 });
  // And one that starts far from it soon takes greater strides.
  expect(search(60_000, undefined, { ...known, start: 30_000 }).trials).toBeLessThan(14);
});

test('takes the sender’s own end for the result when nothing is lost', () => {
  const { result, trials, atSender } = search(1e9, 50_000);
  expect({ result, atSender }).toEqual({ result: 50_000, atSender: true });
  expect(trials).toBeLessThan(7);
  expect(search(1e9, 50_000, { ...OPTIONS, start: 55_000, ends: 1 }).trials).toBe(1);
});

test('a single loss is tried again and does not count', () => {
  const search = new RateSearch({ ...OPTIONS, start: 1000 });
  search.report({ pps: 1000, loss: 0.5 });
  expect(search.next).toBe(1000);
  search.report({ pps: 1000, loss: 0 });
  expect(search.next).toBeGreaterThan(1000);
});

test('a sender that was held up once is not at its end', () => {
  const search = new RateSearch({ ...OPTIONS, start: 1000 });
  search.report({ pps: 900, loss: 0 });
  expect(search.atSender).toBe(false);
  expect(search.next).toBeGreaterThan(1000);
});

test('a path that loses everything ends with 0', () => {
  const { result, trials } = search(0, Number.POSITIVE_INFINITY, { ...OPTIONS, trials: 8 });
  expect({ result, trials }).toEqual({ result: 0, trials: 8 });
});
