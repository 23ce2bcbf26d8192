import { expect, it } from 'vitest';
import type { Partner } from '../core/encryption/partners.ts';
import { KeyRenewal, type KeySituation } from './key-renewal.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

function renewal() {
  const state = { now: 0, steady: true, fails: false, made: 0, given: [] as string[] };
  const made = new KeyRenewal({
    device: {
      prepareKey: () => {
        state.made += 1;
        return `next${state.made}`;
      },
      changeKey: async (peers) => {
        if (state.fails) throw new Error('no');
        state.given = peers.map((it) => `${it.key}: ${it.secret}`);
      },
    },
    secrets: { get: (own, theirs) => `${own}+${theirs}`, isSteady: () => state.steady },
    ...{ renewMs: 100, now: () => state.now, log },
  });
  return { made, state };
}

const partner = (n: number): Partner => ({
  ...{ address: `10.9.0.${n}`, tunnel: `10.9.0.${n}`, node: `n${n}` },
  wireguard: { key: `key${n}`, port: 1 },
});
const situation = (change: Partial<KeySituation> = {}): KeySituation => ({
  own: 'own',
  peers: [2, 3].map((n) => ({ key: `key${n}`, secret: '', addresses: [], handshake: 1 })),
  partners: [partner(2), partner(3)],
  speaking: new Set(['10.9.0.2', '10.9.0.3']),
  ...change,
});

it('a key is told when it is due, then given to the interface with the secrets for it', async () => {
  const { made, state } = renewal();
  expect(await made.look(situation())).toBe(false);
  expect(made.next).toBeUndefined();
  state.now = 100;
  expect(await made.look(situation())).toBe(false);
  expect(made.next).toBe('next1');
  expect(await made.look(situation())).toBe(true);
  expect(state.given).toEqual(['key2: next1+key2', 'key3: next1+key3']);
  expect(made.next).toBeUndefined();
  state.now = 199;
  expect(await made.look(situation({ own: 'next1' }))).toBe(false);
  expect(made.next).toBeUndefined();
});

it.each([
  ['a secret is not agreed on, or soon another', {}, false],
  ['an agent does not speak', { speaking: new Set(['10.9.0.2']) }, true],
  ['a partner is no peer yet', { peers: situation().peers.slice(1) }, true],
  ['a peer is no partner any more', { partners: [partner(2)] }, true],
])('it waits while %s', async (_what, change, steady) => {
  const { made, state } = renewal();
  await made.look(situation());
  Object.assign(state, { now: 100, steady });
  for (let turn = 0; turn < 3; turn++) expect(await made.look(situation(change))).toBe(false);
  expect(made.next).toBe('next1');
  state.steady = true;
  expect(await made.look(situation())).toBe(true);
});

it('one that the interface does not take is tried again', async () => {
  const { made, state } = renewal();
  await made.look(situation());
  state.now = 100;
  await made.look(situation());
  state.fails = true;
  await expect(made.look(situation())).rejects.toThrow('no');
  state.fails = false;
  expect(await made.look(situation())).toBe(true);
});

it('a key that came otherwise begins its time anew', async () => {
  const { made, state } = renewal();
  await made.look(situation());
  state.now = 100;
  await made.look(situation());
  await made.look(situation({ own: 'other' }));
  expect(made.next).toBeUndefined();
});
