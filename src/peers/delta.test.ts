import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apply, diff, normalise } from './delta.ts';
import { anyNetwork, endpoint, network } from './testing/records.ts';

const sameVni = anyNetwork.map((record) => ({ ...record, vni: 8_000_001 }));

it('turns any record into any other', () => {
  fc.assert(
    fc.property(sameVni, sameVni, (a, b) => {
      const delta = diff(a, b);
      expect(delta ? apply(delta, a) : normalise(a)).toEqual(normalise(b));
    }),
  );
});

it('applies twice as once', () => {
  fc.assert(
    fc.property(sameVni, sameVni, (a, b) => {
      const delta = diff(a, b);
      if (delta) expect(apply(delta, apply(delta, a))).toEqual(apply(delta, a));
    }),
  );
});

it('does not see the order of lists', () => {
  const shuffled = anyNetwork.chain((a) =>
    fc.tuple(
      fc.constant(a),
      fc.shuffledSubarray([...a.endpoints], { minLength: a.endpoints.length }),
      fc.shuffledSubarray([...a.groups], { minLength: a.groups.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, sameVni, ([a, endpoints, groups], b) => {
      const other = { ...a, endpoints, groups };
      expect(diff(a, other)).toBeUndefined();
      expect(diff(other, b)).toEqual(diff(a, b));
      expect(diff(b, other)).toEqual(diff(b, a));
      expect(normalise(other)).toEqual(normalise(a));
    }),
  );
});

it('says only what changed, sorted', () => {
  const moved = { ...endpoint(2), ip: '10.0.0.99' };
  const after = { ...network(5, 4), endpoints: [endpoint(5), endpoint(4), moved] };
  expect(diff(network(3, 2, 1), after)).toEqual({
    set: { endpoints: [moved, endpoint(4), endpoint(5)], groups: [] },
    remove: { endpoints: [endpoint(1).id, endpoint(3).id], groups: [] },
  });
});

it('keeps the lists of which nothing changed', () => {
  const before = normalise(network(1, 2));
  const group = { group: '239.1.1.1', mode: 'exclude' as const, sources: [] };
  const delta = diff(before, { ...before, groups: [...before.groups, group] });
  const after = apply(delta as NonNullable<typeof delta>, before);
  expect(after.groups).toContainEqual(group);
  expect(after.endpoints).toBe(before.endpoints);
});
