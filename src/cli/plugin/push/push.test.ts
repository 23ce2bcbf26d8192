import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Architecture, partOf } from '../architecture.ts';
import { pushedLines } from './command.ts';
import { pushPlugin } from './push.ts';
import type { CopyInput } from './skopeo.ts';

const NAME = 'registry.example.com/castnet:1.0';

let dist = '';
beforeEach(async () => {
  dist = await mkdtemp(join(tmpdir(), 'castnet-dist-'));
});
afterEach(() => rm(dist, { recursive: true }));

async function built(...architectures: Architecture[]): Promise<void> {
  for (const it of architectures) {
    const part = partOf(dist, it);
    await mkdir(part, { recursive: true });
    await writeFile(join(part, 'rootfs.tar.gz'), `rootfs of ${it}`);
    await writeFile(join(part, 'agent.tar.gz'), 'agent');
    await writeFile(join(part, 'config.json'), JSON.stringify({ env: [] }));
  }
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Takes what is pushed in skopeo's stead: tag and files by name. */
function registry() {
  const has = new Map<string, Map<string, string>>();
  const insecure: boolean[] = [];
  const copy = async (it: CopyInput) => {
    const files = new Map<string, string>();
    for (const name of await readdir(it.directory)) {
      files.set(name, await readFile(join(it.directory, name), 'utf8'));
    }
    insecure.push(it.insecure);
    has.set(`${it.to.registry} ${it.to.repository} ${it.to.tag}`, files);
  };
  return { has, insecure, copy };
}

test('amd64 has the tag, and each processor one of its own', async () => {
  await built('amd64', 'arm64');
  const { has, insecure, copy } = registry();
  const pushed = await pushPlugin({ name: NAME, dist, copy });
  expect([...has.keys()]).toEqual(
    ['1.0', '1.0-amd64', '1.0-arm64'].map((it) => `registry.example.com castnet ${it}`),
  );
  expect(insecure).toEqual([false, false, false]);
  expect(pushedLines(pushed)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^registry\.example\.com\/castnet:1\.0: digest: sha256:[0-9a-f]{64}$/),
      expect.stringMatching(
        /^ {2}docker plugin install \S+:1\.0 --alias castnet:latest .*# amd64$/,
      ),
      expect.stringMatching(/^ {2}docker plugin install \S+:1\.0-arm64 .*# arm64$/),
    ]),
  );
});

test('what is pushed is a plugin as Docker makes one, and the same each time', async () => {
  await built('amd64');
  const { has, copy } = registry();
  const push = () => pushPlugin({ name: NAME, dist, architectures: ['amd64'], copy });
  const [pushed] = await push();
  const files = has.get('registry.example.com castnet 1.0') ?? new Map<string, string>();
  const manifest = JSON.parse(files.get('manifest.json') ?? '');
  expect(pushed?.digest).toBe(`sha256:${sha256(files.get('manifest.json') ?? '')}`);
  expect(manifest.config.mediaType).toBe('application/vnd.docker.plugin.v1+json');
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    const bytes = files.get(digest.slice('sha256:'.length)) ?? '';
    expect(`sha256:${sha256(bytes)}`).toBe(digest);
    expect(bytes).toHaveLength(size);
  }
  const config = JSON.parse(files.get(manifest.config.digest.slice('sha256:'.length)) ?? '');
  expect(config.rootfs.diff_ids).toEqual(
    manifest.layers.map((it: { digest: string }) => it.digest),
  );
  expect((await push())[0]?.digest).toBe(pushed?.digest);
});

test('what was not built is named, and nothing is pushed', async () => {
  await built('amd64');
  const { has, copy } = registry();
  await expect(pushPlugin({ name: NAME, dist, copy })).rejects.toMatchObject({
    message: 'the plugin was not built for arm64',
    hint: expect.stringMatching(/npm run build -- --arch arm64.*--arch amd64$/),
  });
  expect(has.size).toBe(0);
});

test('a wrong name is refused before anything is looked at', async () => {
  await expect(pushPlugin({ name: 'castnet:1', dist })).rejects.toMatchObject({ exitCode: 2 });
});

test('a registry on this machine may do without TLS', async () => {
  await built('amd64', 'arm64');
  const { insecure, copy } = registry();
  await pushPlugin({ name: '127.0.0.1:5000/castnet:1', dist, copy });
  expect(insecure).toEqual([true, true, true]);
});
