import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';

/**
 * Gives a program a secret as a file that has no name any more when the secret is written into it, so that
 * it is on no command line, in no environment and in no file that anybody finds. `wg` reads keys from files
 * only, and cannot open what Node makes of a child's standard input, a socket.
 * @param directory in memory, root's
 * @param use is given the path by which this process's child finds it
 */
export const withSecret = <T>(
  directory: string,
  secret: string,
  use: (path: string) => Promise<T>,
): Promise<T> => withSecrets(directory, [secret], ([path = '']) => use(path));

/** The same with several at once. */
export async function withSecrets<T>(
  directory: string,
  secrets: readonly string[],
  use: (paths: readonly string[]) => Promise<T>,
): Promise<T> {
  const fds: number[] = [];
  try {
    for (const secret of secrets) {
      const path = `${directory}/.${randomUUID()}`;
      const fd = openSync(path, 'wx+', 0o600);
      fds.push(fd);
      unlinkSync(path);
      writeSync(fd, `${secret}\n`);
    }
    return await use(fds.map((fd) => `/proc/${process.pid}/fd/${fd}`));
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
