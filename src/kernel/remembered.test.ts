import { expect, it } from 'vitest';
import { Remembered } from './remembered.ts';

/** A question that has another answer each time. */
function world() {
  const clock = { at: 0 };
  const remembered = new Remembered(() => clock.at);
  let asked = 0;
  const ask = () => remembered.recall('q', async () => ++asked);
  return { clock, remembered, ask };
}

it('believes an answer while changes are told and none was, and a minute at the most', async () => {
  const { clock, remembered, ask } = world();
  remembered.following();
  expect([await ask(), await ask()]).toEqual([1, 1]);
  remembered.changed();
  expect([await ask(), await ask()]).toEqual([2, 2]);
  clock.at += 59_999;
  expect(await ask()).toBe(2);
  clock.at += 1;
  expect(await ask()).toBe(3);
});

it('asks each time while changes are not told', async () => {
  const { remembered, ask } = world();
  expect([await ask(), await ask()]).toEqual([1, 2]);
  remembered.following();
  expect([await ask(), await ask()]).toEqual([3, 3]);
  remembered.lost();
  expect([await ask(), await ask()]).toEqual([4, 5]);
});

it('does not believe what was asked before a change and answered after it', async () => {
  const { remembered } = world();
  remembered.following();
  const { promise, resolve } = Promise.withResolvers<string>();
  const early = remembered.recall('q', () => promise);
  remembered.changed();
  resolve('old');
  expect(await early).toBe('old');
  expect(await remembered.recall('q', async () => 'new')).toBe('new');
});

it('asks again what failed, and keeps each question’s own answer', async () => {
  const { remembered } = world();
  remembered.following();
  await expect(remembered.recall('q', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await remembered.recall('q', async () => 1)).toBe(1);
  expect(await remembered.recall('other', async () => 2)).toBe(2);
  expect(await remembered.recall('q', async () => 3)).toBe(1);
});

it('keeps no more than some answers', async () => {
  const { remembered, ask } = world();
  remembered.following();
  await ask();
  for (let at = 0; at < 64; at++) await remembered.recall(`${at}`, async () => at);
  expect(await ask()).toBe(2);
});
