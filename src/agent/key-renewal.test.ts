import { expect, it } from 'vitest';
import type { Partner } from '../core/encryption/partners.ts';
import { KeyRenewal, type KeySituation } from './key-renewal.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

const SHAKEN = { secret: '', addresses: [], handshake: 1 };
const peersNow = (sent: number) =>
  [2, 3].map((n) => ({ key: `key${n}`, secret: '', addresses: [], handshake: 1, sent }));

function renewal(renewMs = 100_000) {
  const state = {
    now: 0,
    shaken: 1,
    steady: true,
    fails: false,
    made: 0,
    sent: 0,
    given: [] as string[],
  };
  const made = new KeyRenewal({
    device: {
      observe: async () => ({
        peers: peersNow(state.sent).map((it) => ({ ...it, handshake: state.shaken })),
      }),
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
    ...{ renewMs, now: () => state.now, log },
  });
  made.noteSent(peersNow(0));
  return { made, state };
}

const partner = (n: number): Partner => ({
  ...{ address: `10.9.0.${n}`, tunnel: `10.9.0.${n}`, node: `n${n}` },
  wireguard: { key: `key${n}`, port: 1 },
});
const situation = (change: Partial<KeySituation> = {}): KeySituation => ({
  own: 'own',
  peers: peersNow(0),
  partners: [partner(2), partner(3)],
  speaking: new Set(['10.9.0.2', '10.9.0.3']),
  ...change,
});

it('a key is told when it is due, then given to the interface with the secrets for it', async () => {
  const { made, state } = renewal();
  expect(await made.look(situation())).toBe(false);
  expect(made.next).toBeUndefined();
  state.now = 100_000;
  expect(await made.look(situation())).toBe(false);
  expect(made.next).toBe('next1');
  expect(await made.look(situation())).toBe(false);
  state.now += 1_000;
  expect(await made.look(situation())).toBe(true);
  expect(state.given).toEqual(['key2: next1+key2', 'key3: next1+key3']);
  expect(made.next).toBeUndefined();
  state.now = 200_999;
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
  Object.assign(state, { now: 100_000, steady });
  await made.look(situation());
  state.now += 1_000;
  for (let turn = 0; turn < 3; turn++) expect(await made.look(situation(change))).toBe(false);
  expect(made.next).toBe('next1');
  state.steady = true;
  expect(await made.look(situation())).toBe(true);
});

it('of two that have told another key the one with the lesser key is first', async () => {
  const also = (key: string) => ({ ...partner(3), wireguard: { key, port: 1, next: 'x' } });
  const both = (key: string) =>
    situation({
      partners: [partner(2), also(key)],
      peers: [2, 3].map((n) => ({ ...peersNow(0)[0], key: n === 2 ? 'key2' : key, ...SHAKEN })),
    });
  const { made, state } = renewal();
  await made.look(situation());
  state.now = 100_000;
  // Nobody begins while another has told one.
  await made.look(both('aaa'));
  expect(made.next).toBeUndefined();
  await made.look(situation());
  expect(made.next).toBe('next1');
  state.now += 1_000;
  expect(await made.look(both('aaa'))).toBe(false);
  expect(await made.look(both('zzz'))).toBe(true);
});

it('it waits for the first handshake with each peer', async () => {
  const { made, state } = renewal();
  await made.look(situation());
  state.now = 100_000;
  await made.look(situation());
  Object.assign(state, { now: 101_000, shaken: 0 });
  expect(await made.look(situation())).toBe(false);
  state.shaken = 1;
  expect(await made.look(situation())).toBe(true);
});

it('it waits while much is sent to a peer, but not for ever', async () => {
  const { made, state } = renewal(10_000);
  await made.look(situation());
  const waited: number[] = [];
  for (;;) {
    state.now += 10_000;
    state.sent += 750_000;
    if (await made.look(situation())) break;
    waited.push(state.now);
  }
  expect(waited).toHaveLength(6);
  expect(made.own).toBe('next1');
});

it('what was sent long before does not count', async () => {
  const { made, state } = renewal(10_000);
  await made.look(situation());
  Object.assign(state, { now: 2_000, sent: 1e12 });
  made.noteSent(peersNow(state.sent));
  state.now = 10_000;
  await made.look(situation());
  state.now += 1_000;
  state.sent += 25_000;
  expect(await made.look(situation())).toBe(true);
});

it('one that the interface does not take is tried again', async () => {
  const { made, state } = renewal();
  await made.look(situation());
  state.now = 100_000;
  await made.look(situation());
  state.now += 1_000;
  state.fails = true;
  await expect(made.look(situation())).rejects.toThrow('no');
  state.fails = false;
  expect(await made.look(situation())).toBe(true);
});

it('a key that came otherwise begins its time anew', async () => {
  const { made, state } = renewal();
  await made.look(situation());
  state.now = 100_000;
  await made.look(situation());
  await made.look(situation({ own: 'other' }));
  expect(made.next).toBeUndefined();
});
