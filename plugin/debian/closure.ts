import { realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { mustRun } from '../../src/system/run.ts';

/** What an ELF file says of itself. */
export interface ElfFacts {
  /** Its processor, in readelf's words. */
  readonly machine: string;
  /** Path of the loader; undefined for a library. */
  readonly loader: string | undefined;
  /** Names of the libraries that it needs itself, not those that they need. */
  readonly needed: readonly string[];
}

/** Reads what `readelf --wide --file-header --program-headers --dynamic` prints in the C locale. */
export function parseReadelf(output: string): ElfFacts {
  return {
    machine: /^\s*Machine:\s+(.*)$/m.exec(output)?.[1]?.trim() ?? 'unknown',
    loader: /\[Requesting program interpreter: (.+)\]/.exec(output)?.[1],
    needed: [...output.matchAll(/\(NEEDED\)\s+Shared library: \[(.+)\]/g)].map(
      (it) => it[1] as string,
    ),
  };
}

async function readElf(path: string): Promise<ElfFacts> {
  const what = ['--wide', '--file-header', '--program-headers', '--dynamic'];
  const env = { ...process.env, LC_ALL: 'C' };
  const stdout = await mustRun(['readelf', ...what, path], '', { env });
  return parseReadelf(stdout);
}

export interface TreeInput {
  /** Where packages of the other architecture were unpacked. */
  readonly tree: string;
  readonly programs: readonly string[];
  /** In readelf's words, the processor that every file must be for. */
  readonly machine: string;
  /** Where its Debian keeps libraries, below the tree. */
  readonly libraryDirectories: readonly string[];
  /** How a file is read; another way in tests. */
  readonly read?: (path: string) => Promise<ElfFacts>;
}

/**
 * Every shared library that programs of another architecture need, and their loader. ldd cannot
 * tell: it starts the program's own loader.
 *
 * @returns source path by the path that it has with a merged /usr
 * @throws Error naming what is missing or is of another architecture, and who needs it
 */
export async function librariesInTree(input: TreeInput): Promise<Map<string, string>> {
  const { tree, machine, read = readElf } = input;
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const queue = [...input.programs];
  const take = async (path: string | undefined, name: string, by: string): Promise<void> => {
    const source = path === undefined ? undefined : await inTree(tree, path);
    if (path === undefined || source === undefined) {
      throw new Error(`${by} needs ${name}, which none of the packages unpacked to ${tree} has`);
    }
    found.set(merged(path), source);
    queue.push(source);
  };
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const facts = await read(file);
    if (facts.machine !== machine) {
      throw new Error(`${file} is for the processor "${facts.machine}", not for "${machine}"`);
    }
    if (facts.loader !== undefined && !seen.has(basename(facts.loader))) {
      // First, since libc needs it by its name alone, which would find it where it is not started.
      seen.add(basename(facts.loader));
      await take(facts.loader.slice(1), facts.loader, file);
    }
    for (const name of facts.needed) {
      if (seen.has(name)) continue;
      seen.add(name);
      await take(await findIn(tree, input.libraryDirectories, name), name, file);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The first of these directories, below the tree, that has a file of this name.
 *
 * @returns its path below the tree; undefined when there is none
 */
export async function findIn(
  tree: string,
  directories: readonly string[],
  name: string,
): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, name);
    if ((await inTree(tree, path)) !== undefined) return path;
  }
  return undefined;
}

/** A file's real place; undefined when it is none, or a link to this machine's own files. */
export async function inTree(tree: string, path: string): Promise<string | undefined> {
  const [top, real] = await Promise.all([
    realpath(tree),
    realpath(join(tree, path)).catch(() => undefined),
  ]);
  if (real === undefined || relative(top, real).startsWith('..')) return undefined;
  return (await stat(real)).isFile() ? real : undefined;
}

/** Packages of Debian 12 still name /lib and /bin where the rootfs has links to /usr. */
export function merged(path: string): string {
  const absolute = join('/', path);
  return absolute.startsWith('/usr/') ? absolute : `/usr${absolute}`;
}
