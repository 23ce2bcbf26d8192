/**
 * The kernels that `npm run test:kernels` boots: those of Debian's suites, unpacked below
 * .cache/kernels, never installed. Each is made once.
 */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/cli/output.ts';
import type { Suite } from '../engines/names.ts';
import { downloadPackages } from '../engines/suite.ts';
import { mustRun } from '../run.ts';

/** A kernel that is there. */
export type Kernel = {
  suite: Suite;
  /** As `uname -r` says it. */
  release: string;
  /** Debian's version of the package. */
  version: string;
  /** Path of the kernel. */
  image: string;
  /** The directory with modules.dep, for /usr/lib/modules/RELEASE. */
  modules: string;
  /** A static busybox of the same suite: first user program, modprobe. */
  busybox: string;
};

const CACHE = join(import.meta.dirname, '../../.cache/kernels');

/** From Debian's 7.x kernels on, image and modules are packages of their own. */
const PARTS = /^linux-(image|binary|modules)-\d/;

/** Raise it when this file makes something else of the same packages. */
const LAYOUT = 1;

const STEP_MS = 300_000;

/**
 * The kernel of a suite, made when it is asked for the first time.
 *
 * @throws Unreachable when its suite cannot be had
 */
export async function openKernel(
  suite: Suite,
  { fresh = false, say = () => {} }: { fresh?: boolean; say?: (step: string) => void } = {},
): Promise<Kernel> {
  const place = join(CACHE, suite);
  const made = fresh ? undefined : await readRecord(place);
  if (made !== undefined) return made;
  const draft = `${place}.${process.pid}`;
  try {
    say(`${suite}: downloading the kernel`);
    const downloaded = await downloadPackages(suite, {
      // Made for virtual machines, and small; it has all that castnet and Docker need as modules.
      packages: ['linux-image-cloud-amd64', 'busybox-static'],
      also: PARTS,
      dir: join(draft, 'apt'),
    });
    const files = downloaded.map(({ file }) => file);
    const tree = join(draft, 'tree');
    for (const file of files) await mustRun(['dpkg-deb', '-x', file, tree], { timeoutMs: STEP_MS });
    say(`${suite}: unpacking its modules`);
    const kernel = await arrange(suite, tree, files);
    await rm(place, { recursive: true, force: true });
    await rename(tree, place);
    const record = { layout: LAYOUT, kernel };
    // Last, since it says that all is there.
    await writeFile(join(place, 'kernel.json'), `${JSON.stringify(record, null, 2)}\n`);
    return await mustRead(place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type Record = { layout: number; kernel: Kernel };

async function readRecord(place: string): Promise<Kernel | undefined> {
  return mustRead(place).catch(() => undefined);
}

/** The record's paths are those in the tree. */
async function mustRead(place: string): Promise<Kernel> {
  const { layout, kernel } = JSON.parse(
    await readFile(join(place, 'kernel.json'), 'utf8'),
  ) as Record;
  if (layout !== LAYOUT) throw new Error('of another layout');
  const { image, modules, busybox } = kernel;
  return {
    ...kernel,
    image: join(place, image),
    modules: join(place, modules),
    busybox: join(place, busybox),
  };
}

/** Finds the parts, and makes modules.dep: the package's scripts, which would do it, are not run. */
async function arrange(suite: Suite, tree: string, files: readonly string[]): Promise<Kernel> {
  const busybox = await firstOf(tree, ['usr/bin/busybox', 'bin/busybox']);
  const above = await firstOf(tree, ['usr/lib/modules', 'lib/modules']);
  const [release = ''] = await readdir(join(tree, above));
  const modules = join(above, release);
  const image = await firstOf(tree, [`boot/vmlinuz-${release}`, `${modules}/vmlinuz`]);
  const packed = (await readdir(join(tree, modules), { recursive: true }))
    .filter((it) => it.endsWith('.ko.xz'))
    .map((it) => join(tree, modules, it));
  // Plain ones are quicker to load where the processor is emulated.
  if (packed.length > 0)
    await mustRun(['xargs', '-0', 'xz', '-d'], { input: packed.join('\0'), timeoutMs: STEP_MS });
  const base = join(tree, above.replace(/lib\/modules$/, ''));
  await mustRun([join(tree, busybox), 'depmod', '-b', base, release], { timeoutMs: STEP_MS });
  const version = /linux-(?:image|binary)-\d[^_]*_([^_]+)_/.exec(files.join('\n'))?.[1] ?? '';
  return { suite, release, version: decodeURIComponent(version), image, modules, busybox };
}

async function firstOf(tree: string, paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const there = await readdir(join(tree, path, '..')).catch((): string[] => []);
    if (there.includes(path.slice(path.lastIndexOf('/') + 1))) return path;
  }
  throw new UserError(`none of ${paths.join(', ')} is in the packages of the kernel.`);
}
