import { expect, it } from 'vitest';
import { Allowance } from './allowance.ts';

it('allows a burst, then so many each second', () => {
  const allowance = new Allowance({ perSecond: 10, burst: 3 }, 0);
  const takes = (now: number, times: number) =>
    Array.from({ length: times }, () => allowance.take(now));
  expect(takes(0, 4)).toEqual([true, true, true, false]);
  expect(takes(100, 2)).toEqual([true, false]);
  expect(takes(10_000, 4)).toEqual([true, true, true, false]);
});

it('takes all of several or none', () => {
  const allowance = new Allowance({ perSecond: 10, burst: 3 }, 0);
  expect(allowance.take(0, 4)).toBe(false);
  expect(allowance.take(0, 3)).toBe(true);
  expect(allowance.left(100)).toBe(1);
});
