import { access, constants, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Administrators' directories, which are not on an ordinary user's PATH. */
const ALWAYS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

async function usable(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/**
 * The first of the candidates that exists: a path as it is, a bare name looked for in the
 * system's directories and then on PATH. Links are followed.
 *
 * @returns undefined when there is none
 */
export async function findOnPath(candidates: readonly string[]): Promise<string | undefined> {
  const directories = [...ALWAYS, ...(process.env.PATH ?? '').split(':').filter(Boolean)];
  for (const candidate of candidates) {
    const isPath = candidate.startsWith('/');
    const paths = isPath ? [candidate] : directories.map((dir) => join(dir, candidate));
    for (const path of paths) {
      if (await usable(path, isPath ? constants.R_OK : constants.X_OK)) return realpath(path);
    }
  }
  return undefined;
}
