import { expect, it } from 'vitest';
import { Coalesced } from './coalesced.ts';

it('who asks during a rest shares the run that comes after it', async () => {
  let runs = 0;
  let wake: () => void = () => {};
  const rest = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const work = new Coalesced(
    async () => void runs++,
    () => (runs === 0 ? undefined : rest()),
  );
  await work.request();
  expect(runs).toBe(1);
  const asked = [work.request()];
  await Promise.resolve();
  await Promise.resolve();
  asked.push(work.request(), work.request());
  expect(runs).toBe(1);
  wake();
  await Promise.all(asked);
  expect(runs).toBe(2);
});
