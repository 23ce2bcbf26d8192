import { expect, test } from 'vitest';
import { EMPTY_HISTORY, extended, HISTORY_POINTS, type History } from './dashboard.ts';
import type { SwarmView } from './swarm-view.ts';

function look(at: number, rates: Record<string, number>, hasRates = true) {
  const names = Object.keys(rates);
  const view: SwarmView = {
    ...{ hosts: [], containers: [] },
    networks: names.map((name) => {
      return { name, vni: 1, bytes: rates[name] as number, packets: 0, dropped: 0 };
    }),
    groups: names.map((_, network) => ({
      ...{ network, group: '239.0.0.1', sources: 'any', members: [], senders: [], copiedTo: [] },
      ...{ bytes: 7, packets: 1, refused: [] },
    })),
  };
  return { at, hasRates, view };
}

test('a series that comes later has nothing before, one that goes has nothing after', () => {
  const first = extended(EMPTY_HISTORY, look(1, { a: 5 }));
  expect(extended(first, look(2, { b: 6 }))).toEqual({
    at: [1, 2],
    networks: { a: [5, null], b: [null, 6] },
    groups: { 'a 239.0.0.1': [7, null], 'b 239.0.0.1': [null, 7] },
  });
});

test('a look without rates leaves no mark', () => {
  const first = extended(EMPTY_HISTORY, look(1, { a: 5 }));
  expect(extended(first, look(2, { a: 0 }, false))).toBe(first);
});

test('only so many points are kept, and no series of nothing', () => {
  let history: History = extended(EMPTY_HISTORY, look(0, { gone: 1 }));
  for (let at = 1; at <= HISTORY_POINTS; at++) history = extended(history, look(at, { a: at }));
  expect(history.at).toHaveLength(HISTORY_POINTS);
  expect(Object.keys(history.networks)).toEqual(['a']);
  expect(history.networks.a?.at(-1)).toBe(HISTORY_POINTS);
});
