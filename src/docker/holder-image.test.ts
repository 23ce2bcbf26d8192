import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdArchive, holdProgram } from './holder-image.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-hold-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('is a program that runs here, sleeps, and uses no time', async () => {
  const path = join(directory, 'hold');
  writeFileSync(path, holdProgram(process.arch), { mode: 0o755 });
  const child = spawn(path, { stdio: 'ignore' });
  await once(child, 'spawn');
  const state = () =>
    execFileSync('ps', ['-o', 'stat=,cputimes=', '-p', String(child.pid)], { encoding: 'utf8' });
  expect(state()).toMatch(/^S\S*\s+0$/m);
  child.kill('SIGKILL');
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});

it('is a tar archive of that one file, for each processor', () => {
  for (const processor of ['x64', 'arm64']) {
    const path = join(directory, 'image.tar');
    writeFileSync(path, holdArchive(processor));
    const listed = execFileSync('tar', ['-tvf', path], { encoding: 'utf8' });
    expect(listed).toMatch(/^-rwxr-xr-x 0\/0\s+\d+ 1970-01-01 \d\d:\d\d hold\n$/);
  }
  expect(() => holdProgram('mips')).toThrow('mips');
});
