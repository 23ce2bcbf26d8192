import { describe, expect, it } from 'vitest';
import { chooseAddress, hostPart, type SwarmAddresses } from './tunnel-address.ts';

const NOTHING: SwarmAddresses = {
  dataPath: undefined,
  advertised: undefined,
  local: undefined,
  remotes: [],
};

const choose = (swarm: Partial<SwarmAddresses> | undefined, here: string[], setting?: string) =>
  chooseAddress({
    setting,
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
    expect(choose(all, here, '10.9.0.1')).toEqual({ address: '10.9.0.1', from: 'setting' });
    expect(choose(undefined, here, '10.9.0.1')).toEqual({ address: '10.9.0.1', from: 'setting' });
  });

  it('then --data-path-addr, whether an interface has it or not', () => {
    expect(choose(all, here)).toEqual({ address: '10.1.0.1', from: 'data-path' });
    expect(choose(all, [])).toEqual({ address: '10.1.0.1', from: 'data-path' });
  });

  it('then what is advertised, if an interface has it', () => {
    const swarm = { ...all, dataPath: undefined };
    expect(choose(swarm, here)).toEqual({ address: '10.2.0.1', from: 'advertised' });
    expect(choose(swarm, ['10.3.0.1'])).toEqual({ address: '10.3.0.1', from: 'local' });
  });

  it('then the way to the managers, which is all that a plain join leaves', () => {
    expect(choose({ remotes: ['10.2.0.2:2377'] }, here)).toEqual({ towards: ['10.2.0.2:2377'] });
    expect(choose({ advertised: '203.0.113.5', remotes: ['10.2.0.2:2377'] }, here)).toEqual({
      towards: ['10.2.0.2:2377'],
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
