import { expect, test } from 'vitest';
import { type Comparison, openIn } from './compare.ts';
import { SLOW } from './context.ts';
import { inRounds, oneByOne, type Values } from './rounds.ts';

const THREE = ['castnet', 'bare', 'tinc'].map((name) => ({ name }));

/** Runs rounds in which nothing is measured; @returns who took part in each */
async function turns(options: {
  open: (values: Values) => readonly string[];
  most?: number;
  quick?: boolean;
}): Promise<string[]> {
  const taken: string[] = [];
  const open = (values: Values) => new Set(options.open(values));
  await inRounds(
    { quick: options.quick ?? false },
    { ...options, of: THREE, open },
    async (turn) => {
      taken.push(turn.map((it) => it.name).join(' '));
      return turn.map(() => 1);
    },
  );
  return taken;
}

test('three rounds of all, and no more when nothing is open', async () => {
  expect(await turns({ open: () => [] })).toEqual(Array(3).fill('castnet bare tinc'));
});

test('further rounds of those alone about which something is open', async () => {
  const open = (values: Values) =>
    (values.get('castnet') ?? []).length < 5 ? ['castnet', 'bare'] : [];
  expect((await turns({ open })).slice(3)).toEqual(['castnet bare', 'castnet bare']);
});

test('what stays open ends all the same', async () => {
  expect(await turns({ open: () => ['castnet'] })).toHaveLength(12);
  expect(await turns({ open: () => ['castnet'], most: 4 })).toHaveLength(4);
  expect(await turns({ open: () => ['castnet'], quick: true })).toHaveLength(2);
  expect(await turns({ open: () => ['castnet'], quick: true, most: 1 })).toHaveLength(1);
});

test('one by one, each gets its own value', async () => {
  const values = await inRounds(
    { quick: false },
    { of: THREE, open: () => new Set() },
    oneByOne(async ({ name }, round) => name.length + round),
  );
  expect(values.get('tinc')).toEqual([4, 5, 6]);
});

const COMPARISON: Comparison = {
  ...{ title: 'Rate', unit: 'packets/s' },
  others: { bare: { atLeast: 0.8 }, tinc: { atLeast: 3.5 }, 'hand-made': {} },
};

test('open are castnet and those it is compared with whose row is not decided', () => {
  const values = new Map([
    ['castnet', [100, 101, 102]],
    ['bare', [130, 120, 125]],
    ['tinc', [50, 51, 52]],
    ['hand-made', [100, 150, 50]],
  ]);
  expect([...openIn(values, COMPARISON)]).toEqual(['castnet', 'bare']);
  // tinc took no part in the later rounds.
  values.set('castnet', [100, 101, 102, 100, 100, 100, 100, 100]);
  values.set('bare', Array(8).fill(200));
  expect([...openIn(values, COMPARISON)]).toEqual([]);
});

test('a figure with modes is open until there are rounds enough, unless it only informs', () => {
  const values = new Map([
    ['castnet', [100, 101, 102]],
    ['tinc', [10, 10, 10]],
    ['hand-made', [100, 150, 50]],
  ]);
  expect([...openIn(values, COMPARISON)]).toEqual([]);
  expect([...openIn(values, { ...COMPARISON, fewest: 8 })]).toEqual(['castnet', 'tinc']);
});

test('with the fast path its goals count, and the slow path informs', () => {
  const values = new Map([
    ['castnet', [100, 110, 120]],
    [SLOW, [100, 110, 130]],
    ['hand-made', [80, 90, 95]],
  ]);
  const fast = { ...COMPARISON, title: 'Multicast 1300 B, two hosts with members' };
  expect([...openIn(values, fast)]).toEqual(['castnet', 'hand-made']);
});
