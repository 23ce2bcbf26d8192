import { join } from 'node:path';
import type { Architecture } from '../../src/cli/plugin/architecture.ts';
import { mustRun } from '../../src/system/run.ts';

/** What takes symbols out of each processor's programs, and who brings it; all of it runs on amd64. */
export const STRIP: Record<Architecture, { program: string; debianPackage: string }> = {
  amd64: {
    program: 'usr/bin/x86_64-linux-gnu-strip',
    debianPackage: 'binutils-x86-64-linux-gnu',
  },
  arm64: {
    program: 'usr/bin/aarch64-linux-gnu-strip',
    debianPackage: 'binutils-aarch64-linux-gnu',
  },
};

/** Of a second, on an idle machine. */
const STRIP_MS = 120_000;

/**
 * Takes the symbols out of a program, by the lock's binutils, so that every machine makes the same
 * bytes. They run on their own libraries, whatever libc the machine has.
 *
 * @param tree where the lock's packages were unpacked
 */
export async function strip(
  file: string,
  { tree, architecture }: { tree: string; architecture: Architecture },
): Promise<void> {
  const libraries = join(tree, 'usr/lib/x86_64-linux-gnu');
  const own = [join(libraries, 'ld-linux-x86-64.so.2'), '--inhibit-cache'];
  const program = join(tree, STRIP[architecture].program);
  const argv = [...own, '--library-path', libraries, program, '--strip-unneeded', file];
  await mustRun(argv, '', { timeoutMs: STRIP_MS });
}
