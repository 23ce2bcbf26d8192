import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  lutimes,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../src/system/run.ts';
import { librariesOf } from './closure.ts';
import { EMPTY_DIRECTORIES, findPrograms, fingerprint, LINKS } from './contents.ts';
import { findOnPath } from './find.ts';
import { tableSources } from './tables.ts';

/** Raise it when this file makes something else of the same inputs. */
const RECIPE = 1;

/** Of a second, on an idle machine. */
const STRIP_MS = 120_000;

/** One time for every file, so that equal inputs make an equal archive. */
const EPOCH = new Date(0);

export interface RootfsInput {
  /** What goes in: source path by target path. */
  readonly sources: ReadonlyMap<string, string>;
  /** Programs that can take symbols away, the first that is there does; or none, and they stay. */
  readonly strip: readonly string[];
  /** Whether its programs can be started here, so that a broken one is found at once. */
  readonly native: boolean;
  /** The directory to make; what stood there is replaced. */
  readonly directory: string;
  /** File that remembers what the directory was made from. */
  readonly keyFile: string;
}

export interface RootfsResult {
  /** Whether it had to be made anew. */
  readonly made: boolean;
  /** Hash of all that went in. */
  readonly key: string;
}

/**
 * What the rootfs for this machine's architecture is made from: Node and its network tools, with
 * every shared library they need, at the paths they have here.
 *
 * @param node Node's binary, of the pinned version
 * @returns source path by target path
 */
export async function ownSources(node: string): Promise<Map<string, string>> {
  const sources = new Map([['/usr/bin/node', node], ...(await findPrograms())]);
  for (const library of await librariesOf([...sources.values()])) sources.set(library, library);
  return new Map([...sources, ...(await tableSources())]);
}

/**
 * Makes the rootfs, all but the agent's own bundle. Leaves a directory that was made from the same
 * files alone.
 */
export async function makeRootfs(input: RootfsInput): Promise<RootfsResult> {
  const { sources, directory, keyFile } = input;
  const strip = await findOnPath(input.strip);
  const parts = await Promise.all(
    [...sources].map(async ([target, source]) => `${target} ${await fingerprint(source)}`),
  );
  const key = createHash('sha256')
    .update([RECIPE, strip ? 'stripped' : 'whole', ...parts.sort()].join('\n'))
    .digest('hex');
  const before = await readFile(keyFile, 'utf8').catch(() => '');
  if (before === key && (await exists(directory))) return { made: false, key };

  // Made aside and moved into place, so that a build cut short leaves no half rootfs.
  const aside = `${directory}.new`;
  await rm(keyFile, { force: true });
  await rm(aside, { recursive: true, force: true });
  await fill(aside, sources);
  const node = join(aside, 'usr/bin/node');
  // Its symbols are 18 MB.
  if (strip) await mustRun([strip, '--strip-unneeded', node], '', { timeoutMs: STRIP_MS });
  if (input.native) await mustAnswer(node);
  for (const path of await everything(aside)) await lutimes(path, EPOCH, EPOCH);
  await rm(directory, { recursive: true, force: true });
  await rename(aside, directory);
  await writeFile(keyFile, key);
  return { made: true, key };
}

async function fill(root: string, sources: ReadonlyMap<string, string>): Promise<void> {
  for (const empty of EMPTY_DIRECTORIES) await mkdir(join(root, empty), { recursive: true });
  for (const top of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']) {
    await mkdir(join(root, top), { recursive: true });
  }
  for (const [path, target] of LINKS) await symlink(target, join(root, path));
  for (const [target, source] of sources) {
    const to = join(root, target);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(source, to);
    // Also takes away set-user-id, which mount has and nobody here needs.
    await chmod(to, target.startsWith('/etc/') ? 0o644 : 0o755);
  }
}

/** A stripped binary that does not run is a reason to stop. */
async function mustAnswer(node: string): Promise<void> {
  const said = (await mustRun([node, '--print', '6*7'])).trim();
  if (said !== '42') throw new Error(`The plugin's node answers ${said} to 6*7`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A directory and all below it, children first: touching a child changes its parent's time. */
async function everything(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return [...paths.sort().reverse(), root];
}
