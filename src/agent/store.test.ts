import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Store } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('another agent finds what the first one kept', () => {
  const first = new Store<{ id: string; vni: number }>(directory);
  first.set({ id: 'a', vni: 1 });
  first.set({ id: 'a', vni: 2 });
  first.set({ id: 'b', vni: 3 });
  first.delete('b');
  expect([...new Store(directory).values()]).toEqual([{ id: 'a', vni: 2 }]);
});

it('an entry that is sealed is none to an agent that knows no seals, but can be removed by it', () => {
  const first = new Store<{ id: string; vni: number }>(directory, ({ vni }) => vni === 2);
  first.set({ id: 'a', vni: 1 });
  first.set({ id: 'b', vni: 2 });
  const kept = readdirSync(directory).map((it) => readFileSync(join(directory, it), 'utf8'));
  // What the first releases take for one.
  const isEntry = (text: string) => typeof JSON.parse(text).id === 'string';
  expect(kept.map(isEntry).sort()).toEqual([false, true]);
  const next = new Store<{ id: string; vni: number }>(directory);
  expect(next.get('b')).toEqual({ id: 'b', vni: 2 });
  next.delete('b');
  expect(readdirSync(directory)).toEqual(['a.json']);
});

it('leaves no file behind', () => {
  const store = new Store<{ id: string }>(directory);
  store.set({ id: 'a' });
  store.clear();
  expect(readdirSync(directory)).toEqual([]);
});

it('drops a file that cannot be read, and keeps the others', () => {
  writeFileSync(join(directory, 'half.json'), '{"id": "ha');
  writeFileSync(join(directory, 'whole.json'), '{"id": "whole"}');
  expect([...new Store(directory).keys()]).toEqual(['whole']);
  expect(readdirSync(directory)).toEqual(['whole.json']);
});

it('an entry that cannot be written is not kept, and leaves no half-made file', () => {
  const store = new Store<{ id: string }>(directory);
  // As on a full disk the draft is begun and does not become the file.
  mkdirSync(join(directory, 'a.json'));
  expect(() => store.set({ id: 'a' })).toThrow();
  expect(store.get('a')).toBeUndefined();
  expect(readdirSync(directory)).toEqual(['a.json']);
});

it('removes the half-made file of an agent that was killed', () => {
  writeFileSync(join(directory, 'a.json.new'), '{"id"');
  expect(new Store(directory).size).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});
