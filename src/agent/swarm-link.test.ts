import { expect, it } from 'vitest';
import { type Sessions, SwarmLink } from './swarm-link.ts';

const NONE = 'this host is in no Swarm';

/** A link whose sessions are told of when they open and close. */
function linked() {
  const calls: string[] = [];
  const now = { node: undefined as string | undefined, fails: '' };
  const warned: unknown[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (it: object) => warned.push(it) };
  const link = new SwarmLink({
    identity: async () => {
      if (now.fails !== '') throw new Error(now.fails);
      return now.node;
    },
    log: log as never,
  });
  link.openBy(async (node) => {
    calls.push(`open ${node}`);
    return { node, close: async () => void calls.push(`close ${node}`) } as Sessions;
  });
  return { link, calls, now, warned };
}

it('there are no sessions before the host joins a Swarm, and none after it left', async () => {
  const { link, calls, now, warned } = linked();
  expect(await link.refresh()).toBe(false);
  expect(await link.refresh()).toBe(false);
  expect([link.sessions, link.error]).toEqual([undefined, NONE]);
  expect(warned).toEqual([{ reason: NONE }]);
  now.node = 'a';
  expect(await link.refresh()).toBe(true);
  expect([link.sessions?.node, link.error]).toEqual(['a', '']);
  now.node = undefined;
  expect(await link.refresh()).toBe(true);
  expect([link.sessions, link.error]).toEqual([undefined, NONE]);
  expect(calls).toEqual(['open a', 'close a']);
});

it('one who joins anew has the sessions of its new identity', async () => {
  const { link, calls, now } = linked();
  now.node = 'a';
  await link.refresh();
  now.node = 'b';
  expect(await link.refresh()).toBe(true);
  expect(calls).toEqual(['open a', 'close a', 'open b']);
});

it('an identity that cannot be read for now costs no session', async () => {
  const { link, calls, now } = linked();
  now.node = 'a';
  await link.refresh();
  now.fails = 'EIO';
  expect(await link.refresh()).toBe(false);
  expect([link.sessions?.node, link.error]).toEqual(['a', 'EIO']);
  now.fails = '';
  await link.refresh();
  expect(link.error).toBe('');
  expect(calls).toEqual(['open a']);
});
