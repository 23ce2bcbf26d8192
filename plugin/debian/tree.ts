import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, mkdtemp, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/cli/output.ts';
import { ARCHITECTURES } from '../../src/cli/plugin/architecture.ts';
import { type CommandError, mustRun } from '../../src/system/run.ts';
import { download, keptAt } from './download.ts';
import { type Lock, type LockedPackage, packagesFor } from './lock.ts';

/** Of seconds, on a slow disk. */
const UNPACK_MS = 120_000;

/** The merged /usr, as Debian's base-files has it. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'] as const;

export interface TreeInput {
  /** The checkout. */
  readonly root: string;
  readonly lock: Lock;
  readonly packages: readonly LockedPackage[];
  readonly onProgress?: ((step: string) => void) | undefined;
}

/**
 * The packages, unpacked into one tree in the checkout's cache; half of one never has its name.
 * Nothing of a package is started.
 *
 * @returns the tree's directory
 * @throws UserError when they cannot be had or unpacked
 */
export async function packageTree(input: TreeInput): Promise<string> {
  const { root, lock, packages } = input;
  const place = join(root, '.cache/debian');
  const tree = join(place, nameOf(packages));
  if (await stat(tree).catch(() => undefined)) return tree;
  const directory = join(place, 'packages');
  await download({ ...input, directory });
  const draft = await mkdtemp(join(place, 'draft-'));
  try {
    await unpack(
      packages.map((it) => keptAt(directory, it)),
      draft,
    );
    // Another build may have been quicker.
    await rename(draft, tree).catch(async (error: unknown) => {
      if (!(await stat(tree).catch(() => undefined))) throw error;
    });
    await removeOthers(place, lock);
    return tree;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function nameOf(packages: readonly LockedPackage[]): string {
  const hashes = packages.map((it) => it.sha256).sort();
  return `tree-${createHash('sha256').update(hashes.join()).digest('hex').slice(0, 12)}`;
}

/** Trees of an earlier lock; the packages stay, for whoever goes back to it. */
async function removeOthers(place: string, lock: Lock): Promise<void> {
  const kept = ARCHITECTURES.map((it) => nameOf(packagesFor(lock, it)));
  const trees = (await readdir(place)).filter((it) => it.startsWith('tree-'));
  for (const it of trees.filter((tree) => !kept.includes(tree))) {
    await rm(join(place, it), { recursive: true, force: true });
  }
}

/** Unpacks packages' files over one another into a tree with a merged /usr. */
export async function unpack(files: readonly string[], tree: string): Promise<void> {
  await mkdir(tree, { recursive: true });
  for (const file of files) {
    await mustRun(['dpkg-deb', '--extract', file, tree], '', { timeoutMs: UNPACK_MS }).catch(
      (error: CommandError) => {
        if (error.code !== 'ENOENT') throw error;
        throw new UserError("the program dpkg-deb, which unpacks Debian's packages, is missing", {
          hint: 'Install the package dpkg; Fedora, Arch, openSUSE and Alpine have it too.',
        });
      },
    );
    await merge(tree);
  }
}

/** Packages of Debian 12 still have files below /lib and its like. */
async function merge(tree: string): Promise<void> {
  for (const it of MERGED) {
    const [top, below] = [join(tree, it), join(tree, 'usr', it)];
    const found = await lstat(top).catch(() => undefined);
    if (found?.isSymbolicLink()) continue;
    await mkdir(below, { recursive: true });
    if (found) await cp(top, below, { recursive: true, verbatimSymlinks: true });
    await rm(top, { recursive: true, force: true });
    await symlink(`usr/${it}`, top);
  }
}
