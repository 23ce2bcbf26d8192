import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mustRun } from '../src/system/run.ts';

/** What one run of ldd says: the libraries found, and the names of those that were not. */
export interface LddAnswer {
  readonly found: readonly string[];
  readonly missing: readonly string[];
}

/**
 * Reads ldd's output. The loader stands in it as a bare path, the vDSO as a name without one
 * (it comes from the kernel, so it is left out).
 */
export function parseLdd(output: string): LddAnswer {
  const found: string[] = [];
  const missing: string[] = [];
  for (const line of output.split('\n')) {
    const absent = /^\s*(\S+) => not found/.exec(line);
    const path = /^\s*(?:\S+ => )?(\/\S+) \(0x/.exec(line);
    if (absent?.[1]) missing.push(absent[1]);
    else if (path?.[1]) found.push(path[1]);
  }
  return { found, missing };
}

/**
 * Where a file really lies, its directory's links followed but its own name kept: the loader
 * looks for `libz.so.1`, not for the `libz.so.1.2.13` that it points at.
 */
export async function placed(path: string): Promise<string> {
  return join(await realpath(dirname(path)), basename(path));
}

/**
 * Every shared library that the programs need, sorted, each once.
 *
 * @throws Error naming the program and the library that this machine lacks
 */
export async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(
    programs.map(async (program) => {
      const { found, missing } = parseLdd(await mustRun(['ldd', program]));
      if (missing.length > 0) {
        throw new Error(`${program} needs ${missing.join(', ')}, which this machine does not have`);
      }
      return Promise.all(found.map(placed));
    }),
  );
  return [...new Set(answers.flat())].sort();
}
