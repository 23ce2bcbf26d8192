import { expect, it } from 'vitest';
import { Handshakes, wasSetBack } from './handshakes.ts';

let received = 0;
/** One that was heard since it was last looked at. */
const peer = (handshake: number) => ({
  ...{ key: 'k', secret: 's', addresses: [], handshake },
  received: received++,
});

it('a first handshake may take 15 s, one after another 200 s', () => {
  const it = new Handshakes();
  it.look([peer(0)], 1_000);
  expect(it.silence(peer(0), 15_000)).toBeUndefined();
  expect(it.silence(peer(0), 16_000)).toEqual({ of: 'handshake', ms: 15_000 });
  it.look([peer(77)], 20_000);
  it.look([peer(77)], 120_000);
  it.look([peer(77)], 180_000);
  expect(it.silence(peer(77), 219_999)).toBeUndefined();
  expect(it.silence(peer(77), 220_000)).toEqual({ of: 'handshake', ms: 200_000 });
  it.look([peer(78)], 221_000);
  expect(it.silence(peer(78), 222_000)).toBeUndefined();
});

it('a peer of which nothing more has come is silent after 70 s, as of the last look', () => {
  const it = new Handshakes();
  const quiet = peer(77);
  it.look([quiet], 1_000);
  it.look([quiet], 60_000);
  expect(it.silence(quiet, 100_000)).toBeUndefined();
  it.look([quiet], 71_000);
  expect(it.silence(quiet, 72_000)).toEqual({ of: 'packet', ms: 70_000 });
  it.look([peer(77)], 73_000);
  expect(it.silence(quiet, 80_000)).toBeUndefined();
});

it('what the time of day is does not matter to that', () => {
  const it = new Handshakes();
  it.look([peer(9e15)], 1_000);
  expect(it.silence(peer(9e15), 2_000)).toBeUndefined();
});

it('a peer that comes again begins anew', () => {
  const it = new Handshakes();
  it.look([peer(0)], 0);
  it.look([], 1_000);
  it.look([peer(0)], 20_000);
  expect(it.silence(peer(0), 21_000)).toBeUndefined();
});

it('a handshake that is yet to come says that the clock was set back, but not by some seconds', () => {
  expect(wasSetBack([peer(0), peer(1_000_000)], 1_000_000)).toBe(false);
  expect(wasSetBack([peer(1_000_000)], 996_000)).toBe(false);
  expect(wasSetBack([peer(0), peer(1_000_000)], 900_000)).toBe(true);
});
