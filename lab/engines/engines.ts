/**
 * The Docker Engines that a lab's hosts may have: the machine's own, and those of Debian's suites,
 * which lie unpacked below .cache/engines and are made once.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/cli/output.ts';
import { run } from '../run.ts';
import { type EngineName, OWN, type Suite } from './names.ts';
import { downloadPackages, ownSuite } from './suite.ts';
import { assemble, unpack } from './unpack.ts';

/** An Engine that is there. */
export type Engine = {
  name: EngineName;
  /** Directory of its programs, to be searched before all others; undefined for the machine's own. */
  bin?: string | undefined;
};

/** What a host needs of an Engine: the daemons, what they start, and the command. */
const PROGRAMS = [
  ...['dockerd', 'docker-proxy', 'docker-init', 'docker'],
  ...['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc'],
];

/** dist/ of an installed package has no lab/ above it; either way this is the package's root. */
export function packageRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return basename(here) === 'dist' ? dirname(here) : join(here, '../..');
}

const CACHE = join(packageRoot(), '.cache/engines');

/** Written to RECORD: one that was made in another way is made anew. */
const LAYOUT = 1;
const RECORD = 'engine.json';

type MakeOptions = {
  /** Makes it anew, for instance when its suite has a newer one. */
  fresh?: boolean;
  onProgress?: ((step: string) => void) | undefined;
};

/**
 * The Engine of this name; made when it is asked for the first time.
 *
 * @throws Unreachable when its suite cannot be had; UserError for what is missing to make it
 */
export async function openEngine(name: EngineName, options: MakeOptions = {}): Promise<Engine> {
  const bin = engineBin(name);
  if (name === OWN || bin === undefined) return { name };
  const place = dirname(bin);
  if (options.fresh || !(await isMade(place)))
    await make(name, place, options.onProgress ?? (() => {}));
  return { name, bin };
}

/** Where the programs of an Engine are, made or not; undefined for the machine's own. */
export function engineBin(name: EngineName): string | undefined {
  return name === OWN || name === ownSuite() ? undefined : join(CACHE, name, 'bin');
}

async function make(suite: Suite, place: string, say: (step: string) => void): Promise<void> {
  await checkPatchelf();
  const draft = `${place}.${process.pid}`;
  const tree = join(draft, 'tree');
  const made = join(draft, 'made');
  try {
    await mkdir(tree, { recursive: true });
    say(`${suite}: downloading Docker's packages`);
    const packages = ['docker.io', 'containerd', 'runc'];
    // The command is a package of its own from Debian 13 on.
    if (suite !== 'bookworm') packages.push('docker-cli');
    // Of what they depend on only that which Docker loads or starts: libraries, and the init that it
    // puts into containers, called tini or tini-static.
    const also = /^(lib|tini)/;
    const downloaded = await downloadPackages(suite, { packages, also, dir: join(draft, 'apt') });
    const files = downloaded.map(({ file }) => file);
    say(`${suite}: unpacking ${files.length} packages`);
    await unpack(files, tree);
    await assemble({ tree, programs: PROGRAMS, to: made, as: place });
    await replace(made, place);
    await versionsOf(join(place, 'bin'));
    // Last, since it says that all is there and starts.
    await writeFile(join(place, RECORD), JSON.stringify({ layout: LAYOUT, place }));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What ran from the old directory goes on until it ends; the draft's removal takes the old one along. */
async function replace(made: string, place: string): Promise<void> {
  if (existsSync(place)) await rename(place, `${made}.old`);
  await rename(made, place);
}

/** Its programs name their libraries by path: in a checkout that was moved they do not start. */
async function isMade(place: string): Promise<boolean> {
  const text = await readFile(join(place, RECORD), 'utf8').catch(() => '');
  return text === JSON.stringify({ layout: LAYOUT, place });
}

/** By program. Errors: UserError for one that does not start. */
async function versionsOf(bin: string | undefined): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of ['dockerd', 'containerd', 'runc']) {
    const program = bin === undefined ? name : join(bin, name);
    const { stdout, stderr, status } = await run([program, '--version'], { timeoutMs: 60_000 });
    const version = /\bv?(\d+\.\d+\.\d+[^\s,]*)/.exec(stdout)?.[1];
    if (status !== 0 || version === undefined) {
      throw new UserError(`${program} does not start: ${stderr.trim() || stdout.trim()}`);
    }
    versions[name] = version;
  }
  return versions;
}

async function checkPatchelf(): Promise<void> {
  await run(['patchelf', '--version'], { timeoutMs: 10_000 }).catch(() => {
    throw new UserError('the program "patchelf" is not on this machine.', {
      hint: 'In a checkout, "sudo npm run setup" installs what the lab needs.',
    });
  });
}

/** "sid: dockerd 28.5.2, containerd 2.1.9, runc 1.3.6", as the programs themselves say. */
export async function describeEngine({ name, bin }: Engine): Promise<string> {
  const versions = Object.entries(await versionsOf(bin));
  const parts = versions.map(([program, version]) => `${program} ${version}`);
  return `${name}: ${parts.join(', ')}`;
}
