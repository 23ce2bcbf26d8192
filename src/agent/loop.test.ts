import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Loop, type Next } from './loop.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A target that notes what is done, and fails as a test says. */
function looped() {
  const done: string[] = [];
  const told: string[] = [];
  const world = { next: 'done' as Next, unread: '', refusal: '', gate: Promise.resolve() };
  const loop = new Loop(
    {
      name: 'the thing',
      async observe() {
        if (world.unread !== '') throw new Error(world.unread);
        done.push('look');
        await world.gate;
      },
      async apply() {
        if (world.refusal !== '') throw new Error(world.refusal);
        done.push('apply');
        const { next } = world;
        world.next = 'done';
        return next;
      },
    },
    { error: (fields: object, words: string) => told.push(`${words}: ${JSON.stringify(fields)}`) },
  );
  return { loop, done, told, world };
}

it('looks before the first run, and then only when asked to', async () => {
  const { loop, done } = looped();
  await loop.request();
  await loop.request();
  expect(done).toEqual(['look', 'apply', 'apply']);
  await loop.request(true);
  expect(done.slice(3)).toEqual(['look', 'apply']);
});

it('makes one run of all that is asked for before it begins', async () => {
  const { loop, done } = looped();
  await loop.request();
  await Promise.all([loop.request(), loop.request(), loop.request()]);
  expect(done).toEqual(['look', 'apply', 'apply']);
});

it('goes on with runs while a look takes its time', async () => {
  const { loop, done, world } = looped();
  await loop.request();
  let release = () => {};
  world.gate = new Promise((resolve) => {
    release = resolve;
  });
  const look = loop.request(true);
  await loop.request();
  expect(done).toEqual(['look', 'apply', 'look', 'apply']);
  release();
  await look;
  expect(done.at(-1)).toBe('apply');
});

it('looks again at once, or after a second, as the target asks', async () => {
  const { loop, done, world } = looped();
  world.next = 'look';
  await loop.request();
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toEqual(['look', 'apply', 'look', 'apply']);
  world.next = 'look-later';
  await loop.request();
  await vi.advanceTimersByTimeAsync(999);
  expect(done).toHaveLength(5);
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toHaveLength(7);
});

it('changes nothing before it could look, says why, and tries again', async () => {
  const { loop, done, told, world } = looped();
  world.unread = 'no such file';
  await loop.request();
  expect([done, loop.unread]).toEqual([[], 'no such file']);
  await vi.advanceTimersByTimeAsync(3_000);
  // The same words once.
  expect(told).toEqual(['the thing cannot be read: {"reason":"no such file"}']);
  world.unread = '';
  await vi.advanceTimersByTimeAsync(1_000);
  expect([done, loop.unread]).toEqual([['look', 'apply'], '']);
});

it('says why a run came to nothing until one does, and looks before it tries again', async () => {
  const { loop, done, told, world } = looped();
  await loop.request();
  world.refusal = 'Operation not supported';
  await loop.request();
  expect(loop.problem).toBe('Operation not supported');
  world.refusal = '';
  await vi.advanceTimersByTimeAsync(1_000);
  expect(loop.problem).toBe('');
  expect(done).toEqual(['look', 'apply', 'look', 'apply']);
  expect(told).toHaveLength(1);
});

it('does nothing once it is closed, not even what it was to try again', async () => {
  const { loop, done, world } = looped();
  world.next = 'look-later';
  await loop.request();
  loop.close();
  await loop.request(true);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(done).toEqual(['look', 'apply']);
});

it('looks again within a second, though runs that fail are asked for all the time', async () => {
  const { loop, done, world } = looped();
  await loop.request();
  world.refusal = 'no';
  for (let at = 0; at < 15; at++) {
    await loop.request();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(done).toEqual(['look', 'apply', 'look']);
  loop.close();
});
