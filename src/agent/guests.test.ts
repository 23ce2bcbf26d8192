import { expect, it } from 'vitest';
import { Guests } from './guests.ts';

const NETWORK = { id: 'trial-1', vni: 8_000_001, options: {} };
const ENDPOINT = {
  ...{ id: 'ab'.repeat(32), network: 'trial-1', address: '198.18.0.1/15' },
  mac: '02:42:c6:12:00:01',
};

/** Guests of a host whose kernel makes, or refuses, every device. */
function host({ refuses = false } = {}) {
  const calls: string[] = [];
  const busy = new Set<string>();
  const known = new Set<string>();
  const guests: Guests = new Guests({
    reconciler: {
      request: async () => {
        known.clear();
        if (!refuses) for (const { vni } of guests.networks()) known.add(`vxlan cx${vni}`);
      },
      learn: (fact) => calls.push(`learn ${fact.kind}`),
      forget: (dev) => calls.push(`forget ${dev}`),
      has: (key) => known.has(key),
    },
    busy,
    changed: () => calls.push('changed'),
    whyNoDevice: async (vni) => `the kernel refuses a VXLAN device for ${vni}`,
    networksChanged: () => calls.push('networks changed'),
  });
  return { guests, calls, busy };
}

it('an endpoint is left to its maker while it is made, and known after', async () => {
  const { guests, calls, busy } = host();
  const made = await guests.lodge(ENDPOINT, NETWORK.vni, async () => {
    expect([...busy]).toEqual(['cvababababababa']);
    expect(guests.endpoints()).toEqual([]);
    return 'made';
  });
  expect(made).toBe('made');
  expect(busy.size).toBe(0);
  expect(guests.endpoints()).toEqual([ENDPOINT]);
  guests.dislodge(ENDPOINT.id);
  expect(guests.endpoints()).toEqual([]);
  expect(calls).toEqual(['learn port', 'changed', 'forget cvababababababa', 'changed']);
});

it('nothing stays of an endpoint that could not be made', async () => {
  const { guests, busy } = host();
  const failing = guests.lodge(ENDPOINT, NETWORK.vni, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(guests.endpoints()).toEqual([]);
  expect(busy.size).toBe(0);
});

it('a network is taken part in and left again', async () => {
  const { guests, calls } = host();
  await guests.open(NETWORK);
  expect(guests.networks()).toEqual([NETWORK]);
  await guests.leave(NETWORK.id);
  await guests.leave(NETWORK.id);
  expect(guests.networks()).toEqual([]);
  expect(calls.filter((it) => it === 'networks changed')).toHaveLength(2);
});

it('nothing stays of a network whose devices the kernel refuses', async () => {
  const { guests } = host({ refuses: true });
  await expect(guests.open(NETWORK)).rejects.toThrow('refuses a VXLAN device');
  expect(guests.networks()).toEqual([]);
});
