import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { whenNamespace } from './sandbox-watch.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-watch-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A link to a namespace looks as a namespace that is mounted there, and needs no root. */
const namespace = (path: string): void => symlinkSync('/proc/self/ns/net', path);

/** Docker makes an empty file, on which runc's namespace is mounted. */
const mount = (path: string): void => {
  namespace(`${path}.new`);
  renameSync(`${path}.new`, path);
};

const never = new AbortController().signal;

it('tells of a namespace that is there', async () => {
  const path = join(directory, 'a');
  namespace(path);
  expect(await whenNamespace(path, never)).toBe(true);
});

it('tells of one that comes later, and not of the empty file before', async () => {
  const path = join(directory, 'a');
  let told = false;
  const coming = whenNamespace(path, never).then((it) => {
    told = it;
  });
  writeFileSync(path, '');
  // Longer than it looks closely after a file has appeared.
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(told).toBe(false);
  mount(path);
  await coming;
  expect(told).toBe(true);
});

it('tells within some milliseconds of the file', async () => {
  const times: number[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const path = join(directory, name);
    const coming = whenNamespace(path, never);
    writeFileSync(path, '');
    const begun = performance.now();
    mount(path);
    await coming;
    times.push(performance.now() - begun);
  }
  expect(Math.min(...times)).toBeLessThan(15);
});

it('tells of one in a directory that is not there yet', async () => {
  const path = join(directory, 'netns', 'a');
  const coming = whenNamespace(path, never);
  mkdirSync(join(directory, 'netns'));
  namespace(path);
  expect(await coming).toBe(true);
});

it('ends when it is waited for no longer', async () => {
  const ending = new AbortController();
  const coming = whenNamespace(join(directory, 'a'), ending.signal);
  ending.abort();
  expect(await coming).toBe(false);
});
