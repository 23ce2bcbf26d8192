import fc from 'fast-check';
import { expect, it } from 'vitest';
import { untilBeat } from './beat.ts';

it('what began at any time meets at the same moments', () => {
  expect([10_003, 10_250, 10_430].map((now) => now + untilBeat(now, 500))).toEqual([
    10_500, 10_500, 10_500,
  ]);
  expect(10_003 + untilBeat(10_003, 1000)).toBe(11_000);
  expect(10_003 + untilBeat(10_003, 500, 37)).toBe(10_537);
});

it('a moment that is met a little early, or late, is not met twice', () => {
  expect(10_499 + untilBeat(10_499, 500)).toBe(11_000);
  expect(10_501 + untilBeat(10_501, 500)).toBe(11_000);
});

it('is never longer than an eighth more than it is from moment to moment', () => {
  fc.assert(
    fc.property(
      fc.nat(1e9),
      fc.integer({ min: 1, max: 60_000 }),
      fc.nat(60_000),
      (now, every, phase) => {
        const wait = untilBeat(now, every, phase);
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(every * 1.125);
        const off = (((now + wait - phase) % every) + every) % every;
        expect(Math.min(off, every - off)).toBeLessThan(1e-3);
      },
    ),
  );
});
