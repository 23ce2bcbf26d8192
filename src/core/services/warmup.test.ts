import fc from 'fast-check';
import { expect, it } from 'vitest';
import { services } from '../testing/balancing.ts';
import { WARM_MS, warmUp } from './warmup.ts';

const web = (serving: string[], draining: string[] = []) => [
  { name: 'web', vip: '10.0.1.2', serving, draining },
];
const served = (it: ReturnType<typeof warmUp>) => it.services.get('10.0.1.2')?.serving;

it('holds a new task back while elder ones serve, and then no more', () => {
  const first = warmUp(web(['a', 'b']), new Map(), 0);
  expect(served(first)).toEqual(['a', 'b']);
  const second = warmUp(web(['a', 'b', 'c']), first.seen, 1000);
  expect(served(second)).toEqual(['a', 'b']);
  expect(second.services.get('10.0.1.2')?.draining).toEqual(['c']);
  expect(second.next).toBe(1000 + WARM_MS);
  const third = warmUp(web(['a', 'b', 'c']), second.seen, 1000 + WARM_MS);
  expect(served(third)).toEqual(['a', 'b', 'c']);
  expect(third.next).toBeUndefined();
});

it('gives new tasks everything at once when no elder one serves', () => {
  const none = warmUp(web([], ['a']), warmUp(web(['a']), new Map(), 0).seen, 10);
  expect(served(warmUp(web(['b', 'c'], ['a']), none.seen, 20))).toEqual(['b', 'c']);
});

it('counts a task that went and came as new', () => {
  const both = warmUp(web(['a', 'b']), new Map(), 0);
  const one = warmUp(web(['a'], ['b']), both.seen, 10);
  expect(served(warmUp(web(['a', 'b']), one.seen, 20))).toEqual(['a']);
});

it('never leaves a service without a task that it had, and loses none', () => {
  fc.assert(
    fc.property(services, services, fc.nat(2 * WARM_MS), (before, after, later) => {
      const { seen } = warmUp(before, new Map(), 0);
      const found = warmUp(after, seen, later).services;
      for (const { vip, serving, draining } of after) {
        const it = found.get(vip);
        expect([...(it?.serving ?? []), ...(it?.draining ?? [])].sort()).toEqual(
          [...serving, ...draining].sort(),
        );
        expect((it?.serving ?? []).length === 0).toBe(serving.length === 0);
      }
    }),
  );
});
