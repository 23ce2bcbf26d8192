/**
 * Makes programs of another Debian suite run beside the machine's own: each is given the loader and
 * the libraries of its own suite by patchelf. Starting them through the loader instead (ld.so
 * PROGRAM) would break Docker, which starts /proc/self/exe again for its helpers.
 */
import { chmod, copyFile, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../../src/cli/output.ts';
import { mustRun, run } from '../run.ts';

const STEP_MS = 300_000;

/** Where a package may have what is looked for. */
const PROGRAM_DIRS = ['usr/sbin', 'usr/bin', 'sbin', 'bin', 'usr/libexec/docker'];
const LIBRARY_DIRS = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib64', 'lib64'];
const LOADER = 'ld-linux-x86-64.so.2';

/** Unpacks packages into one tree, running none of their scripts. */
export async function unpack(packages: readonly string[], tree: string): Promise<void> {
  for (const file of packages)
    await mustRun(['dpkg-deb', '-x', file, tree], { timeoutMs: STEP_MS });
}

/**
 * Copies programs and every library that they need from a tree into `to`/bin and `to`/lib.
 *
 * @param as the path that `to` will have when the programs are started
 * @throws UserError for a program or library that the tree lacks
 */
export async function assemble(options: {
  tree: string;
  programs: readonly string[];
  to: string;
  as: string;
}): Promise<void> {
  const { tree, programs, to, as } = options;
  await mkdir(join(to, 'bin'), { recursive: true });
  await mkdir(join(to, 'lib'), { recursive: true });
  const needed = new Set([LOADER]);
  for (const name of programs) {
    const file = join(to, 'bin', name);
    await copyFile(await find(tree, PROGRAM_DIRS, name), file);
    await chmod(file, 0o755);
    // A static program has neither loader nor libraries.
    if ((await patchelf(['--print-interpreter', file])) === undefined) continue;
    for (const library of await librariesOf(file)) needed.add(library);
    // An rpath, unlike a runpath, also holds for the libraries that libraries need.
    const paths = ['--force-rpath', '--set-rpath', join(as, 'lib')];
    await mustPatch(['--set-interpreter', join(as, 'lib', LOADER), ...paths, file]);
  }
  // The set grows while it is walked.
  for (const name of needed) {
    const file = join(to, 'lib', name);
    await copyFile(await find(tree, LIBRARY_DIRS, name), file);
    await chmod(file, 0o755);
    for (const library of await librariesOf(file)) needed.add(library);
  }
}

async function librariesOf(file: string): Promise<string[]> {
  const text = await mustPatch(['--print-needed', file]);
  return text.split('\n').filter((it) => it !== '');
}

/** Where a file of this name lies in the tree, links followed within it. */
async function find(tree: string, dirs: readonly string[], name: string): Promise<string> {
  for (const dir of dirs) {
    const names = await readdir(join(tree, dir)).catch((): string[] => []);
    if (names.includes(name)) return await realpath(join(tree, dir, name));
  }
  throw new UserError(`"${name}" is in none of the packages unpacked to ${basename(tree)}.`);
}

async function patchelf(args: string[]): Promise<string | undefined> {
  const { stdout, status } = await run(['patchelf', ...args], { timeoutMs: STEP_MS });
  return status === 0 ? stdout.trim() : undefined;
}

function mustPatch(args: string[]): Promise<string> {
  return mustRun(['patchelf', ...args], { timeoutMs: STEP_MS });
}
