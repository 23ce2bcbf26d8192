import { expect, it } from 'vitest';
import { ROWS_MOST } from './membership-quota.ts';
import { MembershipTable } from './membership-table.ts';

const bridge = 'cb8000001';
const row = (port: string, nth: number) => ({
  ...{ bridge, port, mode: 'exclude' as const },
  group: `239.1.${nth >> 8}.${nth & 255}`,
});

function membershipTable() {
  const flushed: string[] = [];
  const clock = { now: 0 };
  return {
    flushed,
    clock,
    heard: new MembershipTable({
      enforce: async () => {},
      flush: async (port) => void flushed.push(port),
      log: { debug() {}, info() {}, warn() {}, error() {} },
      now: () => clock.now,
    }),
  };
}

it('does not listen to a container that joins more than the bridge takes of one', async () => {
  const { heard, flushed } = membershipTable();
  heard.event({ gone: false, row: row('cva', 0) });
  for (let nth = 0; nth <= ROWS_MOST; nth += 1) heard.event({ gone: false, row: row('cvb', nth) });
  expect(heard.rows(bridge)).toEqual([row('cva', 0)]);
  expect(heard.refused(bridge)).toMatchObject([{ port: 'cvb', count: ROWS_MOST + 1 }]);
  await expect.poll(() => flushed).toEqual(['cvb']);
});

it('takes from a reading that a container is gone, and forgets that it was not listened to', async () => {
  const { heard } = membershipTable();
  const all = Array.from({ length: ROWS_MOST + 1 }, (_, nth) => row('cvb', nth));
  heard.look(all, new Set(['cvb']));
  expect([...heard.silenced()]).toEqual([['cvb', bridge]]);
  heard.look([], new Set());
  await expect.poll(() => heard.silenced().size).toBe(0);
});

it('one that joins and leaves a thousand groups each second soon changes nothing any more', () => {
  const { heard, clock } = membershipTable();
  const changes: number[] = [];
  for (let second = 0; second < 10; second++) {
    clock.now = second * 1000;
    let count = 0;
    for (const gone of [false, true]) {
      const before = heard.rows(bridge).length;
      for (let nth = 0; nth < 1024; nth++) heard.event({ gone, row: row('cvb', nth) });
      count += Math.abs(heard.rows(bridge).length - before);
    }
    changes.push(count);
  }
  expect(changes[0]).toBe(2048);
  for (const it of changes.slice(4)) expect(it).toBeLessThanOrEqual(256);
  // Another is heard as ever.
  heard.event({ gone: false, row: row('cva', 5000) });
  expect(heard.rows(bridge)).toContainEqual(row('cva', 5000));
  heard.event({ gone: true, row: row('cva', 5000) });
  expect(heard.rows(bridge)).not.toContainEqual(row('cva', 5000));
  // What it has left for good is forgotten when two readings lack it.
  for (let look = 0; look < 2; look++) {
    heard.beginLook();
    heard.look([], new Set(['cvb']));
  }
  expect(heard.rows(bridge)).toEqual([]);
});
