import { createHash } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { type Downloaded, downloadPackages } from '../../lab/engines/suite.ts';
import type { Architecture } from '../../src/cli/plugin/architecture.ts';
import { mustRun } from '../../src/system/run.ts';
import { findIn, librariesInTree } from './closure.ts';
import type { LockedPackage } from './lock.ts';
import { tableSources } from './tables.ts';
import { unpack } from './tree.ts';

const PROCESSORS: Record<Architecture, { machine: string; triplet: string }> = {
  amd64: { machine: 'Advanced Micro Devices X86-64', triplet: 'x86_64-linux-gnu' },
  arm64: { machine: 'AArch64', triplet: 'aarch64-linux-gnu' },
};

/** Where Debian's packages have programs. */
const PROGRAM_DIRECTORIES = ['usr/bin', 'usr/sbin'];

/** Of what packages depend on, what may have a library that a program needs, or its licence. */
const ALSO = /^(lib|zlib|gcc-\d+-base)/;

/**
 * What comes from an older suite. nft 1.1.3 writes into each named set of a plain type what makes the nft
 * of Debian 12 and its like (seen: 1.0.6) crash when a person, or another firewall, lists the host's rules.
 */
const OLDER = { suite: 'bookworm', packages: ['nftables', 'libnftables1', 'libnftnl11'] };

/** What is asked for: programs in packages, and what stands in the rootfs beside their libraries. */
export interface Wanted {
  readonly suite: string;
  readonly architecture: Architecture;
  readonly packages: readonly string[];
  /** Name or path by path in the rootfs. */
  readonly programs: ReadonlyMap<string, string>;
  /** Files from elsewhere whose libraries are wanted too. */
  readonly others: readonly string[];
  /** Whether name tables and licences go along, which only the plugin has a use for. */
  readonly texts: boolean;
}

type Found = Downloaded & { suite: string };
type Fields = Pick<LockedPackage, 'name' | 'version' | 'architecture'>;
type Unpacked = Found & Fields & { own: string };
/** Path in the packages by path in the rootfs. */
type Files = Map<string, string>;

/** Finds the packages that have the programs, all libraries that they need, and nothing else. */
export async function pick(wanted: Wanted): Promise<LockedPackage[]> {
  const place = await mkdtemp(join(tmpdir(), 'castnet-lock-'));
  try {
    const found = await downloadAll(wanted, join(place, 'apt'));
    const tree = join(place, 'tree');
    await unpack(
      found.map(({ file }) => file),
      tree,
    );
    const files = await filesIn(await realpath(tree), wanted);
    const alone: Unpacked[] = [];
    for (const [at, one] of found.entries()) {
      const own = join(place, 'alone', String(at));
      await unpack([one.file], own);
      alone.push({ ...one, own, ...(await fieldsOf(one.file)) });
    }
    if (wanted.texts) await addLicences(await realpath(tree), alone, files);
    const locked = await Promise.all(alone.map((it) => lockOf(it, files)));
    return locked.filter((it) => it !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function downloadAll({ suite, architecture, packages }: Wanted, dir: string) {
  const fetch = async (from: string, what: readonly string[], also: RegExp): Promise<Found[]> => {
    const asked = { packages: what, also, architecture, dir: join(dir, from) };
    return (await downloadPackages(from, asked)).map((it) => ({ ...it, suite: from }));
  };
  const found = await fetch(suite, packages, ALSO);
  if (!packages.includes('nftables')) return found;
  const older = await fetch(OLDER.suite, OLDER.packages, /^$/);
  const replaced = new Set(older.map(({ file }) => nameOf(file)));
  return [...found.filter(({ file }) => !replaced.has(nameOf(file))), ...older];
}

/** NAME_VERSION_ARCHITECTURE.deb */
const nameOf = (file: string): string => basename(file).split('_')[0] ?? '';

async function filesIn(tree: string, wanted: Wanted): Promise<Files> {
  const { machine, triplet } = PROCESSORS[wanted.architecture];
  const sources = new Map<string, string>();
  for (const [target, name] of wanted.programs) {
    const places = name.startsWith('/') ? ['.'] : PROGRAM_DIRECTORIES;
    const path = await findIn(tree, places, name);
    if (path === undefined) {
      throw new Error(`${wanted.suite}'s packages for ${wanted.architecture} lack ${name}`);
    }
    sources.set(target, join(tree, path));
  }
  const libraries = await librariesInTree({
    tree,
    programs: [...sources.values(), ...wanted.others],
    machine,
    libraryDirectories: ['usr/lib', 'lib'].flatMap((it) => [`${it}/${triplet}`, it]),
  });
  const tables = wanted.texts ? await tableSources(tree) : [];
  const files: Files = new Map();
  for (const [target, source] of [...sources, ...libraries, ...tables]) {
    files.set(target, relative(tree, await realpath(source)));
  }
  return files;
}

/** What the licences ask of who gives the programs away; one may be in another package. */
async function addLicences(tree: string, packages: readonly Unpacked[], files: Files) {
  for (const { name, own } of packages) {
    if (Object.keys(await takenOf(own, files)).length === 0) continue;
    const text = `usr/share/doc/${name}/copyright`;
    files.set(`/${text}`, relative(tree, await realpath(join(tree, text))));
  }
}

async function fieldsOf(file: string): Promise<Fields> {
  const field = async (name: string): Promise<string> =>
    (await mustRun(['dpkg-deb', '--field', file, name])).trim();
  const fields = ['Package', 'Version', 'Architecture'].map(field);
  const [name = '', version = '', architecture = ''] = await Promise.all(fields);
  return { name, version, architecture };
}

/** @returns undefined for a package of which nothing is taken */
async function lockOf(
  { file, uri, own, ...fields }: Unpacked,
  wanted: Files,
): Promise<LockedPackage | undefined> {
  const files = await takenOf(own, wanted);
  if (Object.keys(files).length === 0) return undefined;
  const bytes = await readFile(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = decodeURIComponent(/\/(pool\/.*)$/.exec(uri)?.[1] ?? '');
  return { ...fields, path, size: bytes.length, sha256, files };
}

/** Which of these files are of the package that was unpacked there. */
async function takenOf(own: string, files: Files): Promise<Record<string, string>> {
  const taken: [string, string][] = [];
  for (const [target, source] of files) {
    const found = await stat(join(own, source)).catch(() => undefined);
    if (found?.isFile()) taken.push([target, source]);
  }
  return Object.fromEntries(taken.sort(([a], [b]) => (a < b ? -1 : 1)));
}
