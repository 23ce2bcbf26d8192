import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError, UserError } from '../src/cli/output.ts';
import {
  ARCHITECTURES,
  type Architecture,
  architectureNamed,
  OWN_ARCHITECTURE,
  partOf,
} from '../src/cli/plugin/architecture.ts';
import { bundle, mustExist } from './bundle.ts';
import { buildPage } from './page.ts';
import { buildPart, mega, sizeOf } from './part.ts';

/**
 * Builds all that the package ships, and the plugin as a directory for the checkout:
 *
 *   dist/castnet.js      the command; dist/castnet-*.js what it loads on demand
 *   dist/helper.mjs      what `castnet up` runs on the hosts
 *   dist/web/            the dashboard's page
 *   dist/agent.mjs       the agent
 *   dist/config.json     the plugin's configuration
 *   dist/rootfs.tar.gz   Node and the network tools
 *   dist/sbom.cdx.json   the list of what is inside
 *   dist/plugin/         config.json and rootfs/, as `docker plugin create` takes them; not shipped
 *   dist/arm64/          the last six for arm64, when that is asked for
 *
 *   npm run build                            for amd64
 *   npm run build -- --arch arm64            for arm64 too
 *
 * A second run with an unchanged lock bundles only.
 */

export interface BuildInput {
  /** The checkout. */
  readonly root: string;
  /** Where everything goes. */
  readonly dist: string;
  /** What the plugin starts; another one in tests. */
  readonly agentEntry: string;
  readonly cliEntry: string;
  /** What the plugin is built for; amd64 unless told. */
  readonly architectures?: readonly Architecture[] | undefined;
  readonly onProgress?: ((step: string) => void) | undefined;
}

/** @returns one line for each thing made, for the console */
export async function buildAll(input: BuildInput): Promise<string[]> {
  const { root, dist, architectures = [OWN_ARCHITECTURE] } = input;
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  await mkdir(dist, { recursive: true });
  // npm follows this file below a directory that package.json lists.
  await writeFile(join(dist, '.npmignore'), 'plugin/\n.*\n*.new\n');
  const parts = async (): Promise<string[]> => {
    const lines: string[] = [];
    // One after the other: each fills the machine's cores for seconds when it packs its archive.
    for (const architecture of architectures) {
      lines.push(...(await buildPart(architecture, { ...input, version })));
    }
    return lines;
  };
  const [lines] = await Promise.all([
    parts(),
    bundle({
      entry: await mustExist(input.cliEntry),
      outfile: join(dist, 'castnet.js'),
      target: 'node20',
      shebang: '#!/usr/bin/env node',
      splitting: true,
      version,
    }),
    bundle({
      entry: await mustExist(join(root, 'src/cli/up/remote/helper.ts')),
      outfile: join(dist, 'helper.mjs'),
      target: 'node24',
      version,
    }),
    buildPage(root, join(dist, 'web')),
  ]);
  return [
    ...lines,
    ...(await removeOld(dist, architectures)),
    `dist/castnet.js          ${mega((await stat(join(dist, 'castnet.js'))).size)}`,
    `dist/web                 ${mega(await sizeOf(join(dist, 'web')))}`,
  ];
}

/** What an earlier build made for an architecture that this one does not would hold an old agent. */
async function removeOld(dist: string, kept: readonly Architecture[]): Promise<string[]> {
  const lines: string[] = [];
  for (const architecture of ARCHITECTURES) {
    const part = partOf(dist, architecture);
    if (kept.includes(architecture) || part === dist) continue;
    if (!(await stat(part).catch(() => undefined))) continue;
    await rm(part, { recursive: true });
    lines.push(`dist/${architecture} was of an earlier build, and is removed`);
  }
  return lines;
}

/** What the command line asks for. Errors: UserError for what it does not know. */
export function buildFlags(args: readonly string[]): { architectures: Architecture[] } {
  const options = { arch: { type: 'string', multiple: true } } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const asked = (values.arch ?? []).flatMap((it) => it.split(',')).map(architectureNamed);
    return { architectures: [...new Set([OWN_ARCHITECTURE, ...asked])] };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError((error as Error).message, {
      hint: `Accepted are --arch ${ARCHITECTURES.join(' or ')}, repeated or with commas.`,
      exitCode: 2,
    });
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  try {
    const lines = await buildAll({
      root,
      dist: join(root, 'dist'),
      agentEntry: join(root, 'plugin/entry.ts'),
      cliEntry: join(root, 'bin/main.ts'),
      onProgress: (step) => console.log(step),
      ...buildFlags(process.argv.slice(2)),
    });
    console.log(lines.join('\n'));
  } catch (error) {
    console.error(error instanceof UserError ? describeError(error) : (error as Error).message);
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
  }
}
