import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { TaskSockets } from './task-sockets.ts';

/** Namespaces, all of which are there, into which a socket comes when `open` is called. */
function given() {
  const waiting: (() => void)[] = [];
  const errors: string[] = [];
  const closed: string[] = [];
  const gone = new Set<string>();
  const sockets = new TaskSockets({
    open: async (sandbox) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
      if (sandbox === 'broken') throw new Error('no such namespace');
      return Object.assign(new EventEmitter(), {
        close: () => closed.push(sandbox),
      }) as unknown as Socket;
    },
    isThere: (it) => !gone.has(it),
    onError: (error) => errors.push(error.message),
  });
  const open = async (count = 1): Promise<void> => {
    for (let each = 0; each < count; each++) {
      while (waiting.length === 0) await new Promise(setImmediate);
      waiting.shift()?.();
    }
  };
  return { sockets, open, waiting, errors, closed, gone };
}

it('opens two at a time, and one for each namespace', async () => {
  const { sockets, open, waiting } = given();
  const names = ['a', 'b', 'c', 'd', 'a'];
  const all = Promise.all(names.map((it) => sockets.of(it)));
  await new Promise(setImmediate);
  expect(waiting).toHaveLength(2);
  await open(4);
  const found = await all;
  expect(new Set(found).size).toBe(4);
  expect(found[4]).toBe(found[0]);
  expect(await sockets.of('a')).toBe(found[0]);
});

it('closes those of namespaces that are not kept, or are gone', async () => {
  const { sockets, open, closed, gone } = given();
  const all = Promise.all(['a', 'b', 'c'].map((it) => sockets.of(it)));
  await open(3);
  await all;
  gone.add('b');
  sockets.keep(new Set(['a', 'b']));
  expect(closed.sort()).toEqual(['b', 'c']);
});

it('closes one that came when nobody kept its namespace any more', async () => {
  const { sockets, open, closed } = given();
  const found = sockets.of('a');
  await new Promise(setImmediate);
  sockets.keep(new Set());
  await open();
  expect(await found).toBeUndefined();
  expect(closed).toEqual(['a']);
});

it('says what is wrong with a namespace, and tries again when asked again', async () => {
  const { sockets, open, errors } = given();
  for (const _ of [1, 2]) {
    const found = sockets.of('broken');
    await open();
    expect(await found).toBeUndefined();
  }
  expect(errors).toEqual(['no such namespace', 'no such namespace']);
});
