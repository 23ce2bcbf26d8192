import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandError, mustRun } from '../src/system/run.ts';

/** Where the rootfs has the programs of the fast path. */
export const FAST_PATH_TARGET = '/usr/lib/castnet/fastpath.o';

/** Where Debian keeps <asm/types.h>, which <linux/bpf.h> asks for, for its own processor. */
const INCLUDES = ['/usr/include/x86_64-linux-gnu', '/usr/include/aarch64-linux-gnu'];

const NONE = 'no fast path in the plugin';

/** Of a second. */
const COMPILE_MS = 60_000;

export interface FastPathBuild {
  /** The compiled programs, the same for every processor that is little-endian; absent if there are none. */
  readonly object?: string;
  /** For the console, when there are none. */
  readonly problem?: string;
}

/**
 * Compiles the programs of the fast path, once: the file is written anew only when it holds other bytes.
 * A plugin without them does all that castnet does, by bridge and VXLAN device.
 *
 * @param root the checkout
 * @param file what to make
 */
export async function compileFastPath(root: string, file: string): Promise<FastPathBuild> {
  const source = join(root, 'bpf/fastpath.c');
  const aside = `${file}.new`;
  await mkdir(dirname(file), { recursive: true });
  const includes = INCLUDES.flatMap((it) => ['-idirafter', it]);
  const flags = ['-O2', '-g', '-Wall', '-Wextra', '-Werror', '-target', 'bpf'];
  // With -g come the types (BTF) by which bpftool knows the maps.
  const argv = [
    'clang',
    ...flags,
    `-ffile-prefix-map=${root}=.`,
    '-fdebug-compilation-dir=.',
    ...includes,
  ];
  try {
    await mustRun([...argv, '-c', source, '-o', aside], '', { timeoutMs: COMPILE_MS });
  } catch (error) {
    if (error instanceof CommandError && error.code === 'ENOENT')
      return { problem: `${NONE}: clang is missing (packages clang and libbpf-dev)` };
    const words = (error as Error).message.split('\n').find((it) => it.includes('error'));
    return { problem: `${NONE}, clang refuses it: ${words ?? error}` };
  }
  const [before, now] = await Promise.all(
    [file, aside].map((it) => readFile(it).catch(() => undefined)),
  );
  if (now !== undefined && before?.equals(now) !== true) await rename(aside, file);
  return { object: file };
}
