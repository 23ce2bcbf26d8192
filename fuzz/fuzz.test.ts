import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { mutated } from './inputs.ts';
import { TARGETS } from './targets/all.ts';

/** `npm run fuzz` gives each a million. */
const RUNS = 3_000;

it.each(TARGETS.map((it) => [it.name, it] as const))('%s', async (_name, target) => {
  const { crash, answers } = await fuzz(target, { runs: RUNS, seed: 7 });
  expect(crash).toBeNull();
  // Else nothing but the way in is tried.
  expect(answers).toBeGreaterThan(1);
});

it('a target that breaks is found, with its shortest input', async () => {
  const broken = {
    name: 'broken',
    inputs: mutated(['{"a":1}']),
    take: (input: string) =>
      `${(JSON.parse(/^\{.*\}$/.test(input) ? input : '{}').a ?? 1).toFixed()}`,
  };
  const { crash } = await fuzz(broken, { runs: 2_000, seed: 1 });
  expect(crash?.error).toMatch(/toFixed is not a function|JSON/);
});
