import { expect, it } from 'vitest';
import { Meetings } from './meetings.ts';

const WORKER = { node: 'w', address: '10.9.0.2', manager: false };
const MANAGER = { node: 'm', address: '10.9.0.3', manager: true };
const many = (count: number, at = 0): string[] =>
  Array.from({ length: count }, (_, n) => `10.${at}.${n >> 8}.${n & 255}`);

function meetings(nodes: readonly string[] | undefined, known: readonly string[] = []) {
  const clock = { now: 0 };
  const made = new Meetings({
    nodes: () => nodes && new Set(nodes),
    known: () => new Set(known),
    peers: () => new Set(['10.9.0.9']),
    now: () => clock.now,
  });
  return { made, clock };
}

it('only nodes that Docker lists are tried, and whom this host speaks with needs no try', () => {
  const { made } = meetings(['10.9.0.2', '10.9.0.9']);
  const asked = ['10.9.0.2', '10.9.0.2', '10.9.0.9', '192.168.1.1', 'x; reboot'];
  expect(made.granted(asked, WORKER)).toEqual(['10.9.0.2']);
  expect(made.granted(asked, MANAGER)).toEqual(['10.9.0.2']);
});

it('a worker has hosts tried that a worker knows, a manager those that it lists', () => {
  const { made } = meetings(undefined, ['10.9.0.5']);
  expect(made.granted(['10.9.0.5', '192.168.1.1'], WORKER)).toEqual(['10.9.0.5']);
  expect(made.granted(['10.9.0.5', '192.168.1.1'], MANAGER)).toHaveLength(2);
});

it('one who asks again and again is granted 1024 a minute, and all together 4096', () => {
  const { made, clock } = meetings(undefined);
  expect(made.granted(many(1024), MANAGER)).toHaveLength(1024);
  expect(made.granted(many(1024, 1), MANAGER)).toHaveLength(0);
  clock.now = 30_000;
  expect(made.granted(many(1024, 2), MANAGER)).toHaveLength(512);
  let all = 0;
  for (let at = 0; at < 10; at++) {
    all += made.granted(many(1024, at), { ...MANAGER, node: `m${at}` }).length;
  }
  expect(all).toBeLessThanOrEqual(4096);
});
