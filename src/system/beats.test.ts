import { expect, it, onTestFinished, vi } from 'vitest';
import { atBeats } from './beats.ts';

it('what began at different times comes at the same moments, until it is closed', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const met: number[][] = [[], []];
  const begin = (which: number) =>
    atBeats(1000, () => void met[which]?.push(Math.round(performance.now())));
  const first = begin(0);
  await vi.advanceTimersByTimeAsync(300);
  const second = begin(1);
  await vi.advanceTimersByTimeAsync(3000);
  expect(met[1]).toHaveLength(3);
  expect(met[0]).toEqual(met[1]);
  first.close();
  await vi.advanceTimersByTimeAsync(1000);
  expect(met.map((it) => it.length)).toEqual([3, 4]);
  second.close();
});
