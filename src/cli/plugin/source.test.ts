import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Architecture, architectureNamed, partOf } from './architecture.ts';
import { openSource } from './source.ts';

let dist = '';
beforeEach(async () => {
  dist = await mkdtemp(join(tmpdir(), 'castnet-dist-'));
});
afterEach(() => rm(dist, { recursive: true }));

/** What a package holds for an architecture; its rootfs holds the architecture's name. */
async function put(architecture: Architecture): Promise<void> {
  const part = partOf(dist, architecture);
  const rootfs = join(dist, 'rootfs');
  await mkdir(join(rootfs, 'castnet'), { recursive: true });
  await mkdir(part, { recursive: true });
  await writeFile(join(rootfs, 'name'), architecture);
  execFileSync('tar', ['-czf', join(part, 'rootfs.tar.gz'), '-C', rootfs, '.']);
  await rm(rootfs, { recursive: true });
  await writeFile(join(part, 'agent.mjs'), '');
  const env = [{ name: 'CASTNET_BUILD', value: `of-${architecture}` }];
  await writeFile(join(part, 'config.json'), JSON.stringify({ env }));
}

test('gives each architecture its own plugin', async () => {
  await put('amd64');
  await put('arm64');
  for (const architecture of ['amd64', 'arm64'] as const) {
    const source = await openSource(architecture, dist);
    expect(source.build).toBe(`of-${architecture}`);
    expect(await readFile(join(source.directory, 'rootfs/name'), 'utf8')).toBe(architecture);
    await source.dispose();
  }
});

test('takes the built directory of that architecture in a checkout', async () => {
  await put('arm64');
  const agent = join(dist, 'arm64/plugin/rootfs/castnet/agent.mjs');
  await mkdir(dirname(agent), { recursive: true });
  await writeFile(agent, '');
  expect((await openSource('arm64', dist)).directory).toBe(join(dist, 'arm64/plugin'));
});

test.each([
  ['amd64', 'arm64', 'npm run build -- --arch arm64'],
  ['arm64', 'amd64', 'npm run build'],
] as const)('built for %s only, it says how to have it for %s', async (built, wanted, command) => {
  await put(built);
  await expect(openSource(wanted, dist)).rejects.toMatchObject({
    message: `the Engine is linux ${wanted}, and the plugin was built for ${built} only`,
    hint: expect.stringMatching(new RegExp(`${command}$`)),
  });
});

test('says that nothing was built', async () => {
  await expect(openSource('arm64', dist)).rejects.toThrow('the plugin has not been built');
});

test.each(['arm', '386', 'riscv64', 'x86_64', ''])('no plugin is made for %j', (name) => {
  expect(() => architectureNamed(name)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('amd64 and arm64') }),
  );
});
