import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Fault } from '../net/fault.ts';
import { LATE_MS, LateAddress } from './late-address.ts';
import { NoAddressYet } from './tunnel.ts';

const TUNNEL = { address: '10.0.0.2', port: 4789, mtu: 1450 };
let lack: Error | undefined;
let looks: number;

const late = () =>
  new LateAddress({
    find: async () => {
      looks += 1;
      if (lack !== undefined) throw lack;
      return TUNNEL;
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    now: () => performance.now(),
  });

beforeEach(() => {
  vi.useFakeTimers();
  lack = new NoAddressYet('no interface of this host has the address 10.0.0.2');
  looks = 0;
});
afterEach(() => vi.useRealTimers());

it('an address that is there is not waited for', async () => {
  lack = undefined;
  expect(await late().wait()).toEqual(TUNNEL);
  expect(looks).toBe(1);
});

it('one that comes is taken when the kernel tells of it', async () => {
  const address = late();
  const found = address.wait();
  await vi.advanceTimersByTimeAsync(500);
  lack = undefined;
  address.changed();
  expect(await found).toEqual(TUNNEL);
  expect(looks).toBe(2);
});

it('one that comes without a word is found too', async () => {
  const found = late().wait();
  await vi.advanceTimersByTimeAsync(5_500);
  lack = undefined;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await found).toEqual(TUNNEL);
});

it('one that does not come is an error in time, which names it', async () => {
  const began = performance.now();
  const found = expect(late().wait()).rejects.toThrow('has the address 10.0.0.2');
  await vi.advanceTimersByTimeAsync(LATE_MS + 2_000);
  await found;
  expect(performance.now() - began).toBeLessThan(20_000);
});

it('outside a Swarm no address is expected', async () => {
  lack = new Fault('this host is in no Swarm');
  await expect(late().wait()).rejects.toThrow('in no Swarm');
  expect(looks).toBe(1);
});
