import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { TARGETS } from './targets/all.ts';

/** `npm run fuzz` gives each a million. */
const RUNS = 3_000;

it.each(TARGETS.map((it) => [it.name, it] as const))('%s', async (_name, target) => {
  const { crashes, answers } = await fuzz(target, { runs: RUNS, seed: 7 });
  expect(crashes).toEqual([]);
  // Else nothing but the way in is tried.
  expect(answers).toBeGreaterThan(1);
});

it('a target that breaks is found, with its shortest input', async () => {
  const broken = {
    name: 'broken',
    corpus: ['{"a":1}'],
    take: (input: string) =>
      `${(JSON.parse(/^\{.*\}$/.test(input) ? input : '{}').a ?? 1).toFixed()}`,
  };
  const { crashes } = await fuzz(broken, { runs: 2_000, seed: 1 });
  expect(crashes.map((it) => it.error).join()).toContain('toFixed is not a function');
});

it('equal seeds make equal inputs', () => {
  const inputs = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 50 }, () => mutate(['{"a":[1,2]}', 'word one'], random));
  };
  expect(inputs(5)).toEqual(inputs(5));
  expect(inputs(5)).not.toEqual(inputs(6));
});
