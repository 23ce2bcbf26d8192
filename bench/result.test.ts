import { expect, test } from 'vitest';
import { figure, median, quantile, ratio, rowOf } from './result.ts';

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
  expect(ratio([10, 5, 5], [8, 4, 4])).toEqual({
    value: 1.25,
    unit: '×',
    rounds: [1.25, 1.25, 1.25],
  });
});

test('a path that was left out of later rounds is compared in its own', () => {
  expect(ratio([10, 5, 7, 7], [5, 5]).rounds).toEqual([2, 1]);
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
    kept: 'yes',
  });
  expect(rowOf({ figure: 'x', value: 31, unit: 'ms', atMost: 30 }).kept).toBe('NO');
  expect(rowOf({ figure: 'x', value: Number.NaN, unit: 'ms', atMost: 30 }).kept).toBe('NO');
  expect(rowOf({ figure: 'x', value: 3, unit: '' }).kept).toBeUndefined();
});

test('a row tells how far its rounds differ, and what its verdict is from', () => {
  const row = { figure: 'x', unit: '×', value: 1, rounds: [0.9, 1, 1.2], from: 'y' };
  expect(rowOf(row).measured).toBe('1.00× (y; 3 rounds 0.90 to 1.20)');
  expect(rowOf({ ...row, atLeast: 2 })).toMatchObject({
    measured: '1.00× (y; 3 rounds 0.90 to 1.20, median 99 % 0.16 to 1.91)',
    kept: 'NO',
  });
  expect(rowOf({ ...row, atLeast: 1.1 }).kept).toBe('not decided');
});
