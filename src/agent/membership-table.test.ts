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
  return {
    flushed,
    heard: new MembershipTable({
      enforce: async () => {},
      flush: async (port) => void flushed.push(port),
      log: { debug() {}, info() {}, warn() {}, error() {} },
      now: () => 0,
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
