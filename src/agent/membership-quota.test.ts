import { beforeEach, expect, it } from 'vitest';
import { MembershipQuota, SILENT_MS } from './membership-quota.ts';

const row = { bridge: 'cb8000001', port: 'cva', group: '239.1.1.1', mode: 'exclude' } as const;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let now = 0;
let done: string[] = [];
let quota: MembershipQuota;
beforeEach(() => {
  now = 0;
  done = [];
  quota = new MembershipQuota({
    enforce: async () => void done.push(`silenced ${[...quota.ports().keys()].join()}`),
    flush: async (port) => void done.push(`flush ${port}`),
    log: quiet,
    now: () => now,
  });
});

it('drops the reports before it flushes the rows, once, and names it', async () => {
  await quota.take(row, 20_000);
  await quota.take(row, 20_001);
  expect(done).toEqual(['silenced cva', 'flush cva']);
  expect(quota.refused('cb8000001')).toMatchObject([
    { port: 'cva', count: 20_000, example: '239.1.1.1' },
  ]);
  expect(quota.refused('cb8000002')).toEqual([]);
});

it('listens again after its time, and asks for the members anew', async () => {
  await quota.take(row, 20_000);
  now = SILENT_MS - 1;
  await quota.release(() => true);
  expect(done).toHaveLength(2);
  now = SILENT_MS;
  await quota.release(() => true);
  expect(done.slice(2)).toEqual(['silenced ', 'flush cva']);
  expect(quota.refused('cb8000001')).toEqual([]);
});

it('forgets a container that went', async () => {
  await quota.take(row, 20_000);
  await quota.release(() => false);
  expect(quota.ports().size).toBe(0);
  expect(done).toHaveLength(2);
});
