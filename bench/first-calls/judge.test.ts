import { expect, it } from 'vitest';
import { explained, knownBefore, summary } from './judge.ts';

const watch = (name: string, at?: number) => ({ host: { name }, cameAt: () => at });
const said = 'tcp=silent-10.0.1.7 udp=ok at=1000 from=10.0.1.9 took=250,1';
const tasks = new Map([['10.0.1.7', 'h2']]);

it('says on which host the silent task is, and since when each host knew the way', () => {
  const known = knownBefore(said, [watch('h1', 990), watch('h2', 1_200), watch('h3')]);
  expect(explained('h1: silent', known, tasks)).toBe(
    'h1: silent; the way to it was known on h1 10 ms before, h2 200 ms after, h3 never',
  );
  expect(explained(said, known, tasks)).toContain('; silent: task on h2; ');
});

it('sums up by the host that knew last', () => {
  const known = [
    knownBefore(said, [watch('h1', 990), watch('h2', 1_200)]),
    knownBefore(said, [watch('h1', 900), watch('h2', 950)]),
    knownBefore('no such image', [watch('h1')]),
  ];
  expect(summary(known, [1, 3])).toBe(
    'the last host knew the way to each 200 ms after its call at the latest, 50 ms before in the middle; ' +
      'of 1 only after it; load 1 to 3',
  );
});
