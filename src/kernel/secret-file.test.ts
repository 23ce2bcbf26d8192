import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mustRun } from '../system/run.ts';
import { withSecret } from './secret-file.ts';

it('a program reads the secret from a file that nobody else finds', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'castnet-'));
  let path = '';
  const read = await withSecret(directory, 'psst', async (at) => {
    path = at;
    expect(readdirSync(directory)).toEqual([]);
    // More than once, as a program may.
    expect(readFileSync(at, 'utf8')).toBe('psst\n');
    return mustRun(['cat', at]);
  });
  expect(read).toBe('psst\n');
  expect(existsSync(path)).toBe(false);
  rmSync(directory, { recursive: true });
});
