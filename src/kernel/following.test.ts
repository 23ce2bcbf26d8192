import { expect, it } from 'vitest';
import { follows, whenFollowing } from './following.ts';

/** Of a namespace in which process 2039 is `bridge monitor link mdb`, and another is a batch of `ip`. */
const TABLE = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
00000000b267b90c 0   0          00000000 0        0        0     2        0        13504476
00000000ac6f61c6 0   2039       02000001 0        0        0     2        0        13504490
00000000ac6f61c7 0   2040       00000000 0        0        0     2        0        13504491
000000003a287cf5 4   2041       00000001 0        0        0     2        0        13504482
`;

it('a process follows events whose socket of the routing protocol has joined groups', () => {
  expect(follows(TABLE, 2039)).toBe(true);
  expect(follows(TABLE, 2040)).toBe(false);
  expect(follows(TABLE, 2041)).toBe(false);
  expect(follows(TABLE, 203)).toBe(false);
});

it('waits until it does, or has ended', async () => {
  const tables = ['', TABLE.replace('02000001', '00000000'), TABLE];
  await whenFollowing(2039, () => tables.shift());
  expect(tables).toEqual([]);
  await whenFollowing(2039, () => undefined);
});
