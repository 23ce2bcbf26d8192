import { describe, expect, it } from 'vitest';
import {
  type AddressSettings,
  chooseAddress,
  hostPart,
  type SwarmAddresses,
} from './tunnel-address.ts';

const NOTHING: SwarmAddresses = {
  dataPath: undefined,
  advertised: undefined,
  local: undefined,
  remotes: [],
};

const NONE: AddressSettings = { bound: undefined, told: undefined };

const choose = (
  swarm: Partial<SwarmAddresses> | undefined,
  here: string[],
  settings: Partial<AddressSettings> = {},
) =>
  chooseAddress({
    settings: { ...NONE, ...settings },
    swarm: swarm === undefined ? undefined : { ...NOTHING, ...swarm },
    here: new Set(here),
  });

describe('the tunnel’s address, as Docker finds it', () => {
  const all = {
    dataPath: '10.1.0.1',
    advertised: '10.2.0.1',
    local: '10.3.0.1',
    remotes: ['10.2.0.2:2377'],
  };
  const here = ['10.1.0.1', '10.2.0.1', '10.3.0.1'];

  it('a setting comes before all else, also outside a Swarm', () => {
    expect(choose(all, here, { bound: '10.9.0.1' })).toMatchObject({ bound: '10.9.0.1' });
    expect(choose(undefined, here, { bound: '10.9.0.1' })).toMatchObject({ bound: '10.9.0.1' });
  });

  it('then --data-path-addr, whether an interface has it or not', () => {
    for (const has of [here, []]) {
      expect(choose(all, has)).toMatchObject({ bound: '10.1.0.1', withManagers: false });
    }
  });

  it('then what is advertised, if an interface has it', () => {
    const swarm = { ...all, dataPath: undefined };
    const found = { bound: '10.2.0.1', told: undefined, withManagers: true };
    expect(choose(swarm, here)).toEqual(found);
  });

  it('what is advertised and on no interface is told to the others, another is bound', () => {
    const swarm = { ...all, dataPath: undefined };
    expect(choose(swarm, ['10.3.0.1'])).toMatchObject({ bound: '10.3.0.1', told: '10.2.0.1' });
    expect(choose({ advertised: '203.0.113.5', remotes: ['10.2.0.2:2377'] }, here)).toMatchObject({
      bound: { towards: ['10.2.0.2:2377'] },
      told: '203.0.113.5',
    });
  });

  it('an address that is not there yet, and has nothing in its place, is waited for', () => {
    expect(choose({ advertised: '10.8.0.1', local: '10.8.0.1' }, here)).toMatchObject({
      bound: '10.8.0.1',
      told: undefined,
    });
  });

  it('what the others are told may be set for each of these', () => {
    const told = '203.0.113.5';
    for (const bound of [undefined, '10.9.0.1']) {
      expect(choose(all, here, { bound, told })?.told).toBe(told);
    }
    expect(choose({ ...all, dataPath: undefined }, ['10.3.0.1'], { told })?.told).toBe(told);
  });

  it('then the way to the managers, which is all that a plain join leaves', () => {
    expect(choose({ remotes: ['10.2.0.2:2377'] }, here)).toEqual({
      bound: { towards: ['10.2.0.2:2377'] },
      told: undefined,
      withManagers: true,
    });
  });

  it('outside a Swarm there is none', () => {
    expect(choose(undefined, here)).toBeUndefined();
  });
});

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.1:2377', '10.0.0.1'],
  ['[fd00::1]:2377', 'fd00::1'],
  ['fd00::1', 'fd00::1'],
  ['manager.example:2377', 'manager.example'],
  ['0.0.0.0:2377', undefined],
  ['[::]:2377', undefined],
  ['::', undefined],
  ['', undefined],
  [undefined, undefined],
])('the host of %s is %s', (text, host) => {
  expect(hostPart(text)).toBe(host);
});
