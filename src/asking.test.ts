import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { askPeers } from './sessions.ts';

/** A thousand sessions, on which each answer takes a moment. */
function sessions() {
  const count = { waiting: 0, most: 0, asked: 0 };
  const views = () =>
    Array.from({ length: 1000 }, (_, nth) => ({ address: `10.9.${nth >> 8}.${nth & 255}` }));
  const ask = async (address: string) => {
    count.asked += 1;
    count.waiting += 1;
    count.most = Math.max(count.most, count.waiting);
    await delay(1);
    count.waiting -= 1;
    if (address === '10.9.0.7') throw new Error('no session');
    return address;
  };
  return { count, sessions: { views, ask } as unknown as Parameters<typeof askPeers>[0] };
}

it('a few hosts are asked at a time, all in the end', async () => {
  const { count, sessions: of } = sessions();
  const heard: unknown[] = [];
  await askPeers(of, { what: 'report', args: {} }, (it) => heard.push(it));
  expect(heard).toHaveLength(1000);
  expect(heard).toContainEqual({ address: '10.9.0.7', error: 'no session' });
  expect(count.most).toBeLessThanOrEqual(64);
});

it('while what was heard is not taken, no more are asked', async () => {
  const { count, sessions: of } = sessions();
  const { promise, resolve } = Promise.withResolvers<void>();
  const all = askPeers(of, { what: 'report', args: {} }, () => promise);
  await delay(50);
  expect(count.asked).toBe(64);
  resolve();
  await all;
  expect(count.asked).toBe(1000);
});

it('hosts that take their time to answer do so together', async () => {
  const { count, sessions: of } = sessions();
  await askPeers(of, { what: 'flows', args: {}, takesTime: true }, () => {});
  expect(count.most).toBe(1000);
});
