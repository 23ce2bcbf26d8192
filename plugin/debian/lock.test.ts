import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NODE, PROGRAMS } from '../contents.ts';
import { CONTENTS_PAGE, contentsPage } from './contents-page.ts';
import { packagesFor, readLock } from './lock.ts';
import { STRIP } from './strip.ts';

const root = join(import.meta.dirname, '../..');
const lock = await readLock(root);

test.each(['amd64', 'arm64'] as const)('has every program for %s, each file once', (processor) => {
  const files = lock[processor].flatMap((it) => Object.keys(it.files));
  expect(files).toEqual(expect.arrayContaining(PROGRAMS.map((it) => it.target)));
  expect(new Set(files).size).toBe(files.length);
  // Node is npm's.
  expect(files).not.toContain(NODE);
});

test.each(['amd64', 'arm64'] as const)('has the licences of all packages for %s', (processor) => {
  const files = new Set(lock[processor].flatMap((it) => Object.keys(it.files)));
  const code = lock[processor].filter((it) =>
    Object.keys(it.files).some((file) => !file.startsWith('/usr/share/doc/')),
  );
  for (const { name } of code) expect(files).toContain(`/usr/share/doc/${name}/copyright`);
});

test('has strip for both processors, asked for once', () => {
  const files = lock.tools.flatMap((it) => Object.values(it.files));
  expect(files).toEqual(expect.arrayContaining(Object.values(STRIP).map((it) => it.program)));
  const packages = packagesFor(lock, 'amd64').map((it) => it.sha256);
  expect(new Set(packages).size).toBe(packages.length);
});

test('the page says what the lock does', async () => {
  expect(await readFile(join(root, CONTENTS_PAGE), 'utf8')).toBe(contentsPage(lock));
});
