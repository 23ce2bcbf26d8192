/**
 * Real software without Docker's registry: a tree of Debian packages, the jars of a pom.xml, the
 * modules of a package.json. All of it lies in .cache, outside of what git tracks, and is made
 * again only when what was asked for is another.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunResult, run } from '../../lab/run.ts';

export const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache/recipes');

/** Milliseconds for a download and what follows it. */
const FETCH_MS = 900_000;

/** Something that a recipe needs and that cannot be had here. Its message is the thing's name. */
export class Missing extends Error {}

/**
 * A root file system of these packages and what they depend on, configured, none of their services
 * started: mmdebstrap does all in a tree of its own. @returns the path of its tar archive
 */
export async function debianTree(packages: readonly string[]): Promise<string> {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8'));
  const suite = release?.[1] ?? 'stable';
  return await once(`debian-${hash(suite, ...packages)}.tar`, async (path) => {
    // Without manuals; their directories stay, since Java's packages put links there.
    const leaveOut = ['doc/*', 'man/*/*', 'locale/*'].map((it) => `/usr/share/${it}`);
    leaveOut.push('/usr/lib/jvm/*/jmods/*', '/usr/lib/jvm/*/lib/src.zip');
    const argv = [
      ...['mmdebstrap', '--variant=essential', '--format=tar', `--include=${packages.join()}`],
      ...leaveOut.map((it) => `--dpkgopt=path-exclude=${it}`),
      ...[suite, path, ...(await aptSources())],
    ];
    const done = await attempt(argv, 'mmdebstrap (Debian package mmdebstrap)');
    if (done.status === 0) return;
    const unknown = [...done.stderr.matchAll(/Unable to locate package (\S+)/g)].map((it) => it[1]);
    if (unknown.length > 0) throw new Missing(`Debian package ${unknown.join(', ')}`);
    if (/Could not resolve|Failed to fetch|Unable to connect|not signed/.test(done.stderr)) {
      throw new Missing(`Debian packages ${packages.join(', ')}`);
    }
    throw new Error(`mmdebstrap: ${done.stderr.slice(-2_000)}`);
  });
}

/** The jars that the pom.xml of a directory names, and those they need. @returns their directory */
export async function mavenJars(directory: string): Promise<string> {
  const pom = await readFile(join(directory, 'pom.xml'), 'utf8');
  return await once(`maven-${hash(pom)}`, async (path) => {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${path}`];
    const argv = ['mvn', '-q', '-B', '-f', join(directory, 'pom.xml'), ...goal];
    const done = await attempt(argv, 'mvn (Debian package maven)');
    if (done.status === 0) return;
    const artifacts = [...pom.matchAll(/<artifactId>(.*?)<\/artifactId>\s*<version>(.*?)</g)];
    const names = artifacts.slice(1).map(([, name, version]) => `${name} ${version}`);
    throw new Missing(`${names.join(', ')} from Maven Central`);
  });
}

/** The modules that the package-lock.json of a directory names. @returns the directory above them */
export async function npmModules(directory: string, onBegin = () => {}): Promise<string> {
  const lock = await readFile(join(directory, 'package-lock.json'), 'utf8');
  return await once(`npm-${hash(lock)}`, async (path) => {
    onBegin();
    await mkdir(path, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      await copyFile(join(directory, file), join(path, file));
    }
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    const done = await attempt(['npm', 'ci', '--prefix', path, ...quiet], 'npm');
    if (done.status === 0) return;
    const { dependencies } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
    const cause = done.stderr.trim();
    throw new Missing(`npm package ${Object.keys(dependencies).join(', ')}`, { cause });
  });
}

/** Makes a file or directory of the cache unless it is there; half of one never has its name. */
async function once(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(CACHE, name);
  if (existsSync(path)) return path;
  const draft = `${path}.${process.pid}`;
  await mkdir(CACHE, { recursive: true });
  try {
    await make(draft);
    await rename(draft, path);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return path;
}

async function attempt(argv: string[], program: string): Promise<RunResult> {
  try {
    return await run(argv, { timeoutMs: FETCH_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Missing(program);
    throw error;
  }
}

/** The files that tell apt where this machine's packages come from. */
async function aptSources(): Promise<string[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const files = parts
    .filter((it) => /\.(list|sources)$/.test(it))
    .map((it) => `/etc/apt/sources.list.d/${it}`);
  return [...(existsSync('/etc/apt/sources.list') ? ['/etc/apt/sources.list'] : []), ...files];
}

function hash(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}
