import { expect, it } from 'vitest';
import type { TableListing } from '../core/rules/table-listing.ts';
import { KeptTable } from './kept-table.ts';

/** A kernel in memory, as nft: a script that removes what is not there is refused whole. */
function kernel() {
  const scripts: string[] = [];
  let table: { rules: string; elements: Set<string> } | undefined;
  return {
    scripts,
    flush: () => table?.elements.clear(),
    alter: () => {
      if (table !== undefined) table.rules += ' and another';
    },
    remove: () => {
      table = undefined;
    },
    read: async (): Promise<TableListing | undefined> =>
      table && {
        rules: table.rules,
        size: table.elements.size,
        sets: new Map(),
        counters: new Map(),
      },
    write: async (script: string) => {
      const isWhole = script.startsWith('table ');
      const elements = new Set(isWhole ? [] : table?.elements);
      for (const [, verb, element = ''] of script.matchAll(
        /^(add|delete) element inet t (.*)$/gm,
      )) {
        if (verb === 'add') elements.add(element);
        else if (!elements.delete(element)) throw new Error('No such file or directory');
      }
      scripts.push(script);
      table = {
        rules: isWhole ? (script.split('\n')[0] as string) : (table?.rules ?? ''),
        elements,
      };
    },
  };
}

const wanted = (table: string, ...elements: string[]) => ({
  table: `table ${table}\n`,
  elements: new Set(elements),
});

it('is written whole once, by its elements after that, and not at all when nothing changed', async () => {
  const nft = kernel();
  const kept = new KeptTable('inet t', nft);
  await kept.put(wanted('a', 's { 1 }'));
  await kept.put(wanted('a', 's { 2 }'));
  await kept.look();
  await kept.put(wanted('a', 's { 2 }'));
  expect(nft.scripts).toEqual([
    'table a\nadd element inet t s { 1 }\n',
    'delete element inet t s { 1 }\nadd element inet t s { 2 }\n',
  ]);
  await kept.put(wanted('b', 's { 2 }'));
  expect(nft.scripts[2]).toBe('table b\nadd element inet t s { 2 }\n');
});

it.each(['flush', 'alter', 'remove'] as const)(
  'is written whole after somebody did this to it: %s',
  async (what) => {
    const nft = kernel();
    const kept = new KeptTable('inet t', nft);
    await kept.put(wanted('a', 's { 1 }', 's { 2 }'));
    nft[what]();
    await kept.look();
    await kept.put(wanted('a', 's { 1 }', 's { 2 }'));
    expect(nft.scripts).toHaveLength(2);
    expect(nft.scripts[1]).toBe(nft.scripts[0]);
  },
);

it('is written whole after nft refused a change', async () => {
  const nft = kernel();
  const kept = new KeptTable('inet t', nft);
  await kept.put(wanted('a', 's { 1 }'));
  nft.flush();
  await expect(kept.put(wanted('a', 's { 2 }'))).rejects.toThrow('No such file');
  await kept.put(wanted('a', 's { 2 }'));
  expect(nft.scripts.at(-1)).toBe('table a\nadd element inet t s { 2 }\n');
});
