import { expect, it } from 'vitest';
import { NetfilterWatch } from './netfilter.ts';

it('is kept out at each loading, and nothing is done in between', async () => {
  let loaded: string | undefined;
  let times = 0;
  const watch = new NetfilterWatch({
    loaded: () => loaded,
    keepOut: async () => {
      times += 1;
    },
  });
  const look = async (now: string | undefined) => {
    loaded = now;
    await watch.look();
    return times;
  };
  expect(await look(undefined)).toBe(0);
  expect(await look('7')).toBe(1);
  expect(await look('7')).toBe(1);
  expect(await look(undefined)).toBe(1);
  expect(await look('9')).toBe(2);
});

it('what failed is told and tried again', async () => {
  let fails = true;
  const watch = new NetfilterWatch({
    loaded: () => '7',
    keepOut: async () => {
      if (fails) throw new Error('read-only');
    },
  });
  await watch.look();
  expect(watch.problem).toBe('read-only');
  fails = false;
  await watch.look();
  expect(watch.problem).toBe('');
});
