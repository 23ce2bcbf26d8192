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
import type { Architecture } from '../src/cli/plugin/architecture.ts';
import { mustRun } from '../src/system/run.ts';
import { EMPTY_DIRECTORIES, LINKS, NODE } from './contents.ts';
import type { Lock } from './debian/lock.ts';
import { strip } from './debian/strip.ts';
import { FAST_PATH_TARGET } from './fast-path.ts';
import { SBOM_IN_ROOTFS } from './sbom.ts';

/** Raise it when this file makes something else of the same inputs. */
const RECIPE = 2;

/** One time for every file, so that equal inputs make an equal archive. */
const EPOCH = new Date(0);

export interface RootfsInput {
  readonly architecture: Architecture;
  readonly lock: Lock;
  /** Gives the directory where the lock's packages are unpacked; asked only when it is needed. */
  readonly tree: () => Promise<string>;
  /** Node's binary, of the pinned version, and its hash. */
  readonly node: string;
  readonly nodeSha256: string;
  /** The compiled programs of the fast path; undefined: the plugin has none. */
  readonly fastPath: string | undefined;
  /** The list of what is inside. */
  readonly sbom: string;
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
  /** Hash of all that went in: equal on every machine that builds the same. */
  readonly key: string;
}

/**
 * Makes the rootfs, all but the agent's own bundle: Node and the lock's programs and libraries. Leaves
 * a directory that was made from the same inputs alone.
 */
export async function makeRootfs(input: RootfsInput): Promise<RootfsResult> {
  const { architecture, lock, directory, keyFile } = input;
  const packages = lock[architecture].map((it) => [it.sha256, Object.entries(it.files)]);
  const tools = lock.tools.map((it) => it.sha256);
  const fast = input.fastPath === undefined ? '' : await readFile(input.fastPath, 'base64');
  const parts = [RECIPE, packages, input.nodeSha256, input.sbom, tools, fast];
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const before = await readFile(keyFile, 'utf8').catch(() => '');
  if (before === key && (await exists(directory))) return { made: false, key };

  // Made aside and moved into place, so that a build cut short leaves no half rootfs.
  const aside = `${directory}.new`;
  await rm(keyFile, { force: true });
  await rm(aside, { recursive: true, force: true });
  const tree = await input.tree();
  await fill(aside, tree, input);
  // Its symbols are 18 MB.
  await strip(join(aside, NODE), { tree, architecture });
  if (input.native) await mustAnswer(aside);
  for (const path of await everything(aside)) await lutimes(path, EPOCH, EPOCH);
  await rm(directory, { recursive: true, force: true });
  await rename(aside, directory);
  await writeFile(keyFile, key);
  return { made: true, key };
}

async function fill(root: string, tree: string, input: RootfsInput): Promise<void> {
  const { architecture, lock, node, sbom, fastPath } = input;
  for (const empty of EMPTY_DIRECTORIES) await mkdir(join(root, empty), { recursive: true });
  for (const top of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']) {
    await mkdir(join(root, top), { recursive: true });
  }
  for (const [path, target] of LINKS) await symlink(target, join(root, path));
  const files = lock[architecture].flatMap((it) => Object.entries(it.files));
  for (const [target, source] of [...files, [NODE, node] as const]) {
    const to = join(root, target);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(source === node ? node : join(tree, source), to);
    // Also takes away set-user-id, which mount has and nobody here needs.
    await chmod(to, isText(target) ? 0o644 : 0o755);
  }
  if (fastPath !== undefined) {
    const to = join(root, FAST_PATH_TARGET);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(fastPath, to);
    await chmod(to, 0o644);
  }
  const list = join(root, SBOM_IN_ROOTFS);
  await mkdir(dirname(list), { recursive: true });
  await writeFile(list, sbom);
  await chmod(list, 0o644);
  // Whatever the umask of who builds.
  for (const path of await directories(root)) await chmod(path, 0o755);
}

const isText = (target: string): boolean => /^\/(etc|usr\/share)\//.test(target);

/** A stripped binary that does not run, or not on the libraries beside it, is a reason to stop. */
async function mustAnswer(root: string): Promise<void> {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const loader = [join(root, 'usr/lib64/ld-linux-x86-64.so.2'), '--inhibit-cache'];
  const argv = [...loader, '--library-path', libraries, join(root, NODE), '--print', '6*7'];
  const said = (await mustRun(argv)).trim();
  if (said !== '42') throw new Error(`The plugin's node answers ${said} to 6*7`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function directories(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const found = entries.filter((it) => it.isDirectory());
  return [root, ...found.map((it) => join(it.parentPath, it.name))];
}

/** A directory and all below it, children first: touching a child changes its parent's time. */
async function everything(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return [...paths.sort().reverse(), root];
}
