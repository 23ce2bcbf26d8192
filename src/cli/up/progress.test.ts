import { expect, it } from 'vitest';
import { progressTo, ToldElsewhere } from './progress.ts';

const progress = progressTo('program');
const fail = (error: Error) => ({ title: 'it fails', run: () => Promise.reject(error) });

it('side by side, all come to their end before the first error is thrown', async () => {
  const done: string[] = [];
  const slow = {
    title: 'slow',
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      done.push('slow');
    },
  };
  await expect(progress([fail(new Error('first')), slow])).rejects.toThrow('first');
  expect(done).toEqual(['slow']);
});

it('in turn, none begins after one that failed', async () => {
  const done: string[] = [];
  const next = { title: 'next', run: async () => void done.push('next') };
  await expect(progress([fail(new Error('no')), next], { inTurn: true })).rejects.toThrow('no');
  expect(done).toEqual([]);
});

it('what is told elsewhere ends nothing', async () => {
  await expect(progress([fail(new ToldElsewhere('seen'))])).resolves.toBeUndefined();
});
