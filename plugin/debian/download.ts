import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/cli/output.ts';
import { run } from '../../src/system/run.ts';
import type { Lock, LockedPackage } from './lock.ts';
import { MIRROR_VARIABLE, mirrorsFor, snapshotOf } from './mirror.ts';

/** apt's own downloader, which knows the machine's proxies. */
const APT_HELPER = '/usr/lib/apt/apt-helper';

/** Over a network that may be slow. */
const SLOW_MS = 600_000;

export interface DownloadInput {
  readonly lock: Lock;
  readonly packages: readonly LockedPackage[];
  /** Where they are kept, each by its hash; made if it is not there. */
  readonly directory: string;
  readonly onProgress?: ((step: string) => void) | undefined;
  /** Path of apt's downloader; another one in tests. */
  readonly helper?: string;
}

/** Where a package is kept. */
export const keptAt = (directory: string, { sha256 }: LockedPackage): string =>
  join(directory, `${sha256}.deb`);

/**
 * Makes sure that all of these packages are kept, each with the bytes of the lock. What is there
 * already is not asked for again, so that a machine without a network can build once it has them.
 *
 * @throws UserError naming the packages that no mirror has, and the ways out
 */
export async function download(input: DownloadInput): Promise<void> {
  const { lock, packages, directory, onProgress, helper = APT_HELPER } = input;
  await mkdir(directory, { recursive: true });
  let missing = await lacking(packages, directory);
  if (missing.length === 0) return;
  const mirrors = await mirrorsFor(lock);
  const complaints: string[] = [];
  for (const mirror of mirrors) {
    const bytes = missing.reduce((sum, it) => sum + it.size, 0);
    onProgress?.(
      `${missing.length} packages of Debian, ${(bytes / 1e6).toFixed(1)} MB, from ${mirror}`,
    );
    complaints.push(`${mirror}: ${await fetchAll(mirror, missing, { directory, helper })}`);
    missing = await lacking(missing, directory);
    if (missing.length === 0) return;
  }
  throw unavailable({ lock, missing, complaints });
}

async function lacking(
  packages: readonly LockedPackage[],
  directory: string,
): Promise<LockedPackage[]> {
  const found = await Promise.all(packages.map((it) => isKept(keptAt(directory, it), it)));
  return packages.filter((_, at) => !found[at]);
}

async function isKept(path: string, { sha256 }: LockedPackage): Promise<boolean> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === sha256;
}

/** Fetches what the mirror has of them. @returns what went wrong, a line at most */
async function fetchAll(
  mirror: string,
  packages: readonly LockedPackage[],
  { directory, helper }: { directory: string; helper: string },
): Promise<string> {
  const said: string[] = [];
  const drafts = packages.map((it) => ({
    wanted: it,
    uri: `${mirror}/${uriPath(it.path)}`,
    draft: `${keptAt(directory, it)}.${process.pid}`,
  }));
  try {
    const pairs = drafts.flatMap(({ uri, draft }) => [uri, draft]);
    const helped = mirror.startsWith('file:') ? undefined : await byApt(helper, pairs);
    if (helped !== undefined) said.push(helped);
    for (const { wanted, uri, draft } of drafts) {
      if (helped === undefined)
        await byNode(uri, draft).catch((it: Error) => said.push(it.message));
      if (await isKept(draft, wanted)) await rename(draft, keptAt(directory, wanted));
      else if (await readFile(draft).catch(() => undefined)) {
        said.push(`${basename(wanted.path)} is not the file of the lock (SHA-256)`);
      }
    }
  } finally {
    await Promise.all(drafts.flatMap(({ draft }) => [draft, `${draft}.FAILED`].map(remove)));
  }
  return said.filter((it) => it !== '').join('; ');
}

const remove = (path: string): Promise<void> => rm(path, { force: true });

/** An epoch's colon is written as it is; what else a version may have is no special sign of a URI. */
const uriPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** @returns what apt complained of; undefined where there is no apt */
async function byApt(helper: string, pairs: readonly string[]): Promise<string | undefined> {
  const options = ['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=2'];
  const argv = [helper, ...options, 'download-file', ...pairs];
  const { stderr } = await run(argv, '', { timeoutMs: SLOW_MS }).catch(
    (error: { code?: string }) => {
      if (error.code === 'ENOENT') return { stderr: undefined };
      throw error;
    },
  );
  if (stderr === undefined) return undefined;
  const lines = stderr.split('\n').filter((it) => /^E: Failed to fetch/.test(it));
  return lines[0]?.slice('E: '.length).trim() ?? '';
}

async function byNode(uri: string, draft: string): Promise<void> {
  if (uri.startsWith('file:')) return await copyFile(fileURLToPath(uri), draft);
  const answer = await fetch(uri, { signal: AbortSignal.timeout(SLOW_MS) });
  if (!answer.ok) throw new Error(`${uri}: ${answer.status} ${answer.statusText}`);
  await writeFile(draft, new Uint8Array(await answer.arrayBuffer()));
}

interface Unavailable {
  readonly lock: Lock;
  readonly missing: readonly LockedPackage[];
  readonly complaints: readonly string[];
}

function unavailable({ lock, missing, complaints }: Unavailable): UserError {
  const names = missing.map((it) => `${it.name} ${it.version} (${it.architecture})`);
  const shown = names.slice(0, 3).join(', ');
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return new UserError(
    [
      `packages of Debian, of which the plugin is made, cannot be had: ${shown}${rest}`,
      ...complaints.map((it) => `    ${it}`),
    ].join('\n'),
    {
      hint: [
        `A mirror keeps only a suite's newest packages; ${snapshotOf(lock)} has these for ever.`,
        `Another mirror, or a copy of one on this machine: ${MIRROR_VARIABLE}=http://… or file:///…`,
        "The packages that the machine's mirror has now, written into the lock: npm run plugin:lock",
        'Without a network: bring .cache/debian from a machine that has built this checkout.',
      ].join('\n  '),
    },
  );
}
