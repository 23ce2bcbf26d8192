import { expect, it } from 'vitest';
import { EphemeralEndpoints } from './ephemeral-endpoints.ts';

const NETWORK = { id: 'trial-1', vni: 8_000_001, options: {} };
const ENDPOINT = {
  ...{ id: 'ab'.repeat(32), network: 'trial-1', address: '198.18.0.1/15' },
  mac: '02:42:c6:12:00:01',
};

/** EphemeralEndpoints of a host whose kernel makes, or refuses, every device. */
function host({ refuses = false } = {}) {
  const calls: string[] = [];
  const busy = new Set<string>();
  const known = new Set<string>();
  const ephemeral: EphemeralEndpoints = new EphemeralEndpoints({
    reconciler: {
      loop: {
        request: async () => {
          known.clear();
          if (!refuses) for (const { vni } of ephemeral.networks()) known.add(`vxlan cx${vni}`);
        },
      },
      learn: (fact) => calls.push(`learn ${fact.kind}`),
      forget: (dev) => calls.push(`forget ${dev}`),
      has: (key) => known.has(key),
    },
    busy,
    changed: () => calls.push('changed'),
    whyNoDevice: async (vni) => `the kernel refuses a VXLAN device for ${vni}`,
  });
  return { ephemeral, calls, busy };
}

it('an endpoint is left to its maker while it is made, and known after', async () => {
  const { ephemeral, calls, busy } = host();
  const made = await ephemeral.add(ENDPOINT, NETWORK.vni, async () => {
    expect([...busy]).toEqual(['cvababababababa']);
    expect(ephemeral.endpoints()).toEqual([]);
    return 'made';
  });
  expect(made).toBe('made');
  expect(busy.size).toBe(0);
  expect(ephemeral.endpoints()).toEqual([ENDPOINT]);
  ephemeral.remove(ENDPOINT.id);
  expect(ephemeral.endpoints()).toEqual([]);
  expect(calls).toEqual(['learn port', 'changed', 'forget cvababababababa', 'changed']);
});

it('nothing stays of an endpoint that could not be made', async () => {
  const { ephemeral, busy } = host();
  const failing = ephemeral.add(ENDPOINT, NETWORK.vni, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(ephemeral.endpoints()).toEqual([]);
  expect(busy.size).toBe(0);
});

it('a network is taken part in and left again', async () => {
  const { ephemeral, calls } = host();
  await ephemeral.open(NETWORK);
  expect(ephemeral.networks()).toEqual([NETWORK]);
  await ephemeral.leave(NETWORK.id);
  await ephemeral.leave(NETWORK.id);
  expect(ephemeral.networks()).toEqual([]);
  expect(calls.filter((it) => it === 'changed')).toHaveLength(2);
});

it('nothing stays of a network whose devices the kernel refuses', async () => {
  const { ephemeral } = host({ refuses: true });
  await expect(ephemeral.open(NETWORK)).rejects.toThrow('refuses a VXLAN device');
  expect(ephemeral.networks()).toEqual([]);
});
