import { expect, it } from 'vitest';
import { SendLimits } from './send-limits.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const endpoint = {
  ...{ id: 'e1', network: 'n1', address: '10.0.1.5/24', mac: '02:42:0a:00:01:05' },
  ...{ mtu: 1450, sandbox: '/run/docker/netns/a', since: 0 },
};

function bench() {
  const calls: unknown[][] = [];
  const now = { mtu: 1450 as number | undefined, space: 'a' as string | undefined, fails: false };
  const limits = new SendLimits({
    endpoints: () => [endpoint],
    mtuOf: () => now.mtu,
    limit: async (...what) => {
      calls.push(what);
      if (now.fails) throw new Error('no such namespace');
    },
    identity: () => now.space,
    log: quiet,
  });
  const update = async () => {
    await limits.update();
    return calls.splice(0).map(([, , mtu]) => mtu);
  };
  return { now, update, limits };
}

it('a container may send what the tunnel carries, once that is less than its link takes', async () => {
  const { now, update } = bench();
  expect(await update()).toEqual([]);
  now.mtu = 1350;
  expect(await update()).toEqual([1350]);
  expect(await update()).toEqual([]);
  now.mtu = 1300;
  expect(await update()).toEqual([1300]);
  // Not known for a while: as it is.
  now.mtu = undefined;
  expect(await update()).toEqual([]);
  now.mtu = 8950;
  expect(await update()).toEqual([undefined]);
  expect(await update()).toEqual([]);
});

it('another namespace at the path is limited anew, and one that failed again', async () => {
  const { now, update } = bench();
  now.mtu = 1350;
  now.fails = true;
  expect(await update()).toEqual([1350]);
  now.fails = false;
  expect(await update()).toEqual([1350]);
  now.space = 'b';
  expect(await update()).toEqual([1350]);
  now.space = undefined;
  expect(await update()).toEqual([]);
});

it('names a container that could not be bounded, until it is', async () => {
  const { now, update, limits } = bench();
  now.fails = true;
  now.mtu = 1350;
  await update();
  expect(limits.lacking()).toEqual(['/run/docker/netns/a: no such namespace']);
  now.fails = false;
  await update();
  expect(limits.lacking()).toEqual([]);
});
