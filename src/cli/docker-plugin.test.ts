import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { installDockerPlugin, ownArguments, uninstallDockerPlugin } from './docker-plugin.ts';

const CASTNET = join(import.meta.dirname, '../../bin/castnet.js');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet docker-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const env = () => ({ DOCKER_CONFIG: directory });

it('is a program that tells docker of itself, and runs castnet as docker calls it', async () => {
  const path = await installDockerPlugin(env(), [process.execPath, CASTNET]);
  expect(path).toBe(join(directory, 'cli-plugins/docker-castnet'));
  const run = (...args: string[]) => spawnSync(path, args, { encoding: 'utf8' });
  expect(JSON.parse(run('docker-cli-plugin-metadata').stdout)).toMatchObject({
    SchemaVersion: '0.1.0',
    Vendor: 'castnet',
  });
  expect(run('--context', 'x', 'castnet', '--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(run('castnet', 'stauts')).toMatchObject({ status: 2 });
});

it('installing twice is well, and uninstalling leaves nothing', async () => {
  const path = await installDockerPlugin(env(), [process.execPath, CASTNET]);
  await installDockerPlugin(env(), [process.execPath, CASTNET]);
  expect(await uninstallDockerPlugin(env())).toBe(path);
  expect(existsSync(path)).toBe(false);
  expect(await uninstallDockerPlugin(env())).toBeUndefined();
});

it('touches nothing that another wrote', async () => {
  const path = await installDockerPlugin(env(), ['x']);
  writeFileSync(path, '#!/bin/sh\n');
  await expect(installDockerPlugin(env(), ['x'])).rejects.toThrow(/not written by castnet/);
  await expect(uninstallDockerPlugin(env())).rejects.toThrow(/not written by castnet/);
});

it.each([
  [['castnet', 'status'], ['status']],
  [
    ['-H', 'tcp://x', 'castnet', 'up', 'castnet'],
    ['up', 'castnet'],
  ],
])('of %j castnet’s own are %j', (given, own) => {
  expect(ownArguments(given)).toEqual(own);
});
