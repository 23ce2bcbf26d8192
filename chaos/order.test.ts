import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidates, order, shuffled, type Victims } from './order.ts';

const HOSTS = ['h1', 'h2', 'h3', 'h4'];
const FAULTS = (['any', 'manager', 'second-manager', 'worker', 'any', 'leader'] as Victims[]).map(
  (victims, index) => ({ name: `f${index}`, victims }),
);

function first(count: number, seed: number): string[] {
  const turns = order(FAULTS, { hosts: HOSTS, managers: 3, seed });
  return Array.from({ length: count }, () => {
    const { fault, victim } = turns.next().value;
    return `${fault.name} ${victim}`;
  });
}

describe('order', () => {
  it('is the same for the same seed, however far it is followed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 60 }), (seed, count) => {
        expect(first(count, seed)).toEqual(first(60, seed).slice(0, count));
      }),
    );
  });

  it('differs from seed to seed', () => {
    expect(new Set([1, 2, 3, 4].map((seed) => first(12, seed).join())).size).toBe(4);
  });

  it('has every fault once in each round, each with a victim it may befall', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const round = first(FAULTS.length, seed);
        expect(round.map((it) => it.split(' ')[0]).sort()).toEqual(FAULTS.map((it) => it.name));
        for (const turn of round) {
          const [name, victim = ''] = turn.split(' ');
          const { victims } = FAULTS.find((it) => it.name === name) as (typeof FAULTS)[0];
          expect(candidates(victims, { hosts: HOSTS, managers: 3 })).toContain(victim);
        }
      }),
    );
  });

  it('refuses an empty list, which would never yield', () => {
    expect(() => order([], { hosts: HOSTS, managers: 3, seed: 1 }).next()).toThrow('no fault');
  });
});

describe('shuffled', () => {
  it('puts each element at each place about as often', () => {
    const counts = new Map<string, number>();
    for (const order of fc.sample(shuffled(['a', 'b', 'c']), { seed: 5, numRuns: 6000 })) {
      const key = order.join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
