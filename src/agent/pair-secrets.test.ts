import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Partner } from '../core/encryption/partners.ts';
import { PairSecrets } from './pair-secrets.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const RENEW_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Two hosts with a session between them, whose exporter gives for one context one secret. */
function pair() {
  const order: string[] = [];
  const state = { lost: 0, session: 's' };
  const secretOf = (context: string) => `${state.session} ${context}`;
  const make = (
    node: string,
    other: () => PairSecrets,
    from: { node: string; address: string },
  ) => {
    const made = new PairSecrets({
      sessions: () => ({
        secret: (_peer: string, context: string) => secretOf(context),
        ask: async (_peer: string, _what: string, args: unknown) => {
          const answer = await other().answer(args, { ...from, manager: false, secret: secretOf });
          if (state.lost-- > 0) throw new Error('no answer');
          return answer;
        },
      }),
      renewMs: RENEW_MS,
      log,
      now: () => Date.now(),
    });
    made.onChange(async () => void order.push(node));
    return made;
  };
  const a: PairSecrets = make('a', () => b, { node: 'a', address: '10.9.0.1' });
  const b: PairSecrets = make('b', () => a, { node: 'b', address: '10.9.0.2' });
  const partner = (node: string, key: string, next?: string): Partner => ({
    ...{ node, address: '', tunnel: '' },
    wireguard: { key, port: 1, ...(next === undefined ? {} : { next }) },
  });
  const know = () => {
    b.update({ own: 'B', node: 'b', partners: [partner('a', 'A')] });
    a.update({ own: 'A', node: 'a', partners: [partner('b', 'B')] });
  };
  return { a, b, order, state, know, partner };
}

it('both have one secret, the one that is asked in force first', async () => {
  const { a, b, order, know } = pair();
  know();
  await vi.advanceTimersByTimeAsync(0);
  expect(a.get('A', 'B')).toBeDefined();
  expect(a.get('A', 'B')).toBe(b.get('B', 'A'));
  expect(order).toEqual(['b', 'a']);
});

it('agree on another one when it is due, and only then', async () => {
  const { a, b, know } = pair();
  know();
  await vi.advanceTimersByTimeAsync(RENEW_MS - 2_000);
  const first = a.get('A', 'B');
  know();
  await vi.advanceTimersByTimeAsync(0);
  expect(a.get('A', 'B')).toBe(first);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(a.get('A', 'B')).not.toBe(first);
  expect(a.get('A', 'B')).toBe(b.get('B', 'A'));
});

it('an answer that is lost: they agree again, soon', async () => {
  const { a, b, know, state } = pair();
  state.lost = 2;
  know();
  await vi.advanceTimersByTimeAsync(0);
  expect(a.get('A', 'B')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(a.get('A', 'B')).toBeDefined();
  expect(a.get('A', 'B')).toBe(b.get('B', 'A'));
});

it('a host with another key than before agrees anew', async () => {
  const { a, b, know, partner } = pair();
  know();
  await vi.advanceTimersByTimeAsync(0);
  b.update({ own: 'B2', node: 'b', partners: [partner('a', 'A')] });
  a.update({ own: 'A', node: 'a', partners: [partner('b', 'B2')] });
  await vi.advanceTimersByTimeAsync(0);
  expect(a.get('A', 'B2')).toBeDefined();
  expect(a.get('A', 'B2')).toBe(b.get('B2', 'A'));
});

it.each([
  ['a host that is no partner', { serial: 's', key: 'X', of: 'B' }, 'c'],
  ['another key than the host has told', { serial: 's', key: 'X', of: 'B' }, 'a'],
  ['a key that this host has no more', { serial: 's', key: 'A', of: 'B0' }, 'a'],
  ['no serial number', { key: 'A', of: 'B' }, 'a'],
  ['nothing', undefined, 'a'],
])('refuses %s', async (_what, args, node) => {
  const { b, know } = pair();
  know();
  const by = { node, address: '', manager: false, secret: () => 'x' };
  await expect(b.answer(args, by)).rejects.toThrow();
});

it('refuses one that is to be asked itself', async () => {
  const { a, know } = pair();
  know();
  const by = { node: 'b', address: '', manager: false, secret: () => 'x' };
  await expect(a.answer({ serial: 's', key: 'B', of: 'A' }, by)).rejects.toThrow();
});

it('agree for the keys that each is about to have, before it has them', async () => {
  const { a, b, partner } = pair();
  b.update({ own: 'B', next: 'B2', node: 'b', partners: [partner('a', 'A', 'A2')] });
  a.update({ own: 'A', next: 'A2', node: 'a', partners: [partner('b', 'B', 'B2')] });
  await vi.advanceTimersByTimeAsync(0);
  const found = ['A', 'A2'].flatMap((ours) => ['B', 'B2'].map((theirs) => a.get(ours, theirs)));
  expect(new Set(found).size).toBe(4);
  expect(found).toEqual(
    ['A', 'A2'].flatMap((theirs) => ['B', 'B2'].map((ours) => b.get(ours, theirs))),
  );
  // The one that asked may not have the answer yet.
  expect(b.isSteady('B2', partner('a', 'A'))).toBe(false);
  await vi.advanceTimersByTimeAsync(500);
  expect(a.isSteady('A2', partner('b', 'B', 'B2'))).toBe(true);
  expect(b.isSteady('B2', partner('a', 'A'))).toBe(true);
  await vi.advanceTimersByTimeAsync(RENEW_MS - 2_000);
  expect(a.isSteady('A2', partner('b', 'B'))).toBe(false);
  expect(a.isSteady('A3', partner('b', 'B'))).toBe(false);
});
