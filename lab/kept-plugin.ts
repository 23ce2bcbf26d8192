/**
 * What an Engine made of castnet's plugin, kept for the next lab. To install one, an Engine packs and
 * unpacks 120 MB: more than 4 s of a core for each host. On a host that has it in its data directory
 * it only has to be enabled.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from './engines/engines.ts';
import type { EngineName } from './engines/names.ts';
import { mustRun } from './run.ts';

/** A directory for each Engine and build, of 170 MB; those that were not used for a day go. */
const CACHE = join(packageRoot(), '.cache/plugins');
const DAY_MS = 86_400_000;

/** Below Docker's data root: what it knows of its plugins, their files and their layers. */
const PLUGINS = 'plugins';

export type KeptPlugin = { engine: EngineName; build: string };

/** Gives a host the plugin before its first start, if it was kept. */
export async function givePlugin(hostDir: string, kept: KeptPlugin): Promise<void> {
  const from = placeOf(kept);
  if (!existsSync(from)) return;
  const now = new Date();
  await utimes(from, now, now);
  await mkdir(join(hostDir, 'data'));
  await copy(from, join(hostDir, 'data', PLUGINS));
}

/** Keeps what a host's Engine has made, if that was not kept yet. */
export async function keepPlugin(hostDir: string, kept: KeptPlugin): Promise<void> {
  const to = placeOf(kept);
  if (existsSync(to)) return;
  await mkdir(CACHE, { recursive: true });
  await removeUnused();
  const draft = `${to}.${process.pid}`;
  try {
    await copy(join(hostDir, 'data', PLUGINS), draft);
    await disable(draft);
    await rename(draft, to).catch((error: unknown) => {
      // Another lab was quicker.
      if (!existsSync(to)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Docker 20.10 panics at its first start on a data directory with a plugin that is enabled. */
async function disable(plugins: string): Promise<void> {
  for (const name of await readdir(plugins)) {
    const path = join(plugins, name, 'config.json');
    if (!existsSync(path)) continue;
    const config = JSON.parse(await readFile(path, 'utf8'));
    config.plugin.Enabled = false;
    await writeFile(path, JSON.stringify(config));
  }
}

const placeOf = ({ engine, build }: KeptPlugin): string => join(CACHE, `${engine}-${build}`);

const copy = (from: string, to: string): Promise<string> =>
  mustRun(['cp', '-a', '--reflink=auto', from, to], { timeoutMs: 120_000 });

async function removeUnused(): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const path = join(CACHE, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}
