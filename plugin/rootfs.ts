import { execFile } from 'node:child_process';
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
import { dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { librariesOf } from './closure.ts';
import {
  EMPTY_DIRECTORIES,
  findPrograms,
  fingerprint,
  LINKS,
  TABLE_DIRECTORIES,
} from './contents.ts';
import { findOnPath } from './find.ts';

const execFileAsync = promisify(execFile);

/** Raise it when this file makes something else of the same inputs. */
const RECIPE = 1;

/** One time for every file, so that equal inputs make an equal archive. */
const EPOCH = new Date(0);

export interface RootfsInput {
  /** Node's binary, of the pinned version. */
  readonly node: string;
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
 * Makes the rootfs, all but the agent's own bundle, from Node and this machine's network tools
 * with every shared library they need, at the paths they have here. Leaves a directory that was
 * made from the same files alone.
 */
export async function makeRootfs({ node, directory, keyFile }: RootfsInput): Promise<RootfsResult> {
  const strip = await findOnPath(['strip']);
  const sources = new Map([['/usr/bin/node', node], ...(await findPrograms())]);
  for (const library of await librariesOf([...sources.values()])) sources.set(library, library);
  for (const table of await tables()) sources.set(inEtc(table), table);

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
  await fill(aside, sources, strip);
  await rm(directory, { recursive: true, force: true });
  await rename(aside, directory);
  await writeFile(keyFile, key);
  return { made: true, key };
}

async function fill(
  root: string,
  sources: ReadonlyMap<string, string>,
  strip: string | undefined,
): Promise<void> {
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
  await stripNode(join(root, 'usr/bin/node'), strip);
  for (const path of await everything(root)) await lutimes(path, EPOCH, EPOCH);
}

/** Node's symbols are 18 MB. A stripped binary that does not run is a reason to stop. */
async function stripNode(node: string, strip: string | undefined): Promise<void> {
  if (strip) await execFileAsync(strip, ['--strip-unneeded', node]);
  const { stdout } = await execFileAsync(node, ['--print', '6*7']);
  if (stdout.trim() !== '42') throw new Error(`The plugin's node answers ${stdout.trim()} to 6*7`);
}

/** Every file of the first table directory that this machine has. */
async function tables(): Promise<string[]> {
  for (const directory of TABLE_DIRECTORIES) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    const files = entries.filter((entry) => entry.isFile());
    if (files.length > 0) return files.map((entry) => join(entry.parentPath, entry.name)).sort();
  }
  return [];
}

/** Older iproute2 reads /etc/iproute2 alone and newer looks there first. */
function inEtc(table: string): string {
  const directory = TABLE_DIRECTORIES.find((dir) => table.startsWith(dir + sep)) ?? '';
  return join('/etc/iproute2', table.slice(directory.length));
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
