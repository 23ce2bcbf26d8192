import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { compileFastPath } from './fast-path.ts';

let place = '';
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'castnet-fast-'));
});
afterAll(() => rm(place, { recursive: true, force: true }));

it('where there is no clang the plugin has no fast path, and the build says so', async () => {
  vi.stubEnv('PATH', place);
  const file = join(place, 'none.o');
  const found = await compileFastPath(join(import.meta.dirname, '..'), file);
  vi.unstubAllEnvs();
  expect(found).toEqual({ problem: expect.stringContaining('clang is missing') });
  await expect(stat(file)).rejects.toThrow();
});

it('a clang that refuses is told in its own words', async () => {
  const clang = join(place, 'clang');
  await writeFile(clang, '#!/bin/sh\necho "fastpath.c:1:1: error: unknown type" >&2\nexit 1\n', {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${place}:/usr/bin:/bin`);
  const found = await compileFastPath(join(import.meta.dirname, '..'), join(place, 'refused.o'));
  vi.unstubAllEnvs();
  expect(found).toEqual({ problem: expect.stringContaining('error: unknown type') });
  expect(await readdir(place)).not.toContain('refused.o');
});
