import { expect, test } from 'vitest';
import { figure, median, quantile, ratio, rowOf, spread } from './result.ts';

test('median and quantiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile([5], 0.5)).toBe(5);
});

test('a ratio compares within each round', () => {
  // The machine was half as fast in the last two rounds; both paths were.
  expect(ratio([10, 5, 5], [8, 4, 4])).toBe(1.25);
  expect(spread([10, 5, 6], [8, 4, 4])).toBe('rounds 1.25 to 1.50');
});

test.each([
  [0, '0'],
  [0.0024, '0.0024'],
  [0.976, '0.98'],
  [12.34, '12.3'],
  [999.6, '1000'],
  [63_500.4, '63 500'],
  [1_234_567, '1 234 567'],
  [Number.NaN, 'none'],
  [Number.POSITIVE_INFINITY, '∞'],
])('%d reads %s', (value, text) => {
  expect(figure(value)).toBe(text);
});

test('a row keeps its limits, and one without a limit only informs', () => {
  expect(rowOf({ figure: 'x', value: 1.2, unit: '×', atLeast: 1.1, from: '6 to 5' })).toEqual({
    figure: 'x',
    must: '≥ 1.1×',
    measured: '1.20× (6 to 5)',
    ok: true,
  });
  expect(rowOf({ figure: 'x', value: 31, unit: 'ms', atMost: 30 }).ok).toBe(false);
  expect(rowOf({ figure: 'x', value: Number.NaN, unit: 'ms', atMost: 30 }).ok).toBe(false);
  expect(rowOf({ figure: 'x', value: 3, unit: '' }).ok).toBeUndefined();
});
