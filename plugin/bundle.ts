import { access, readdir, rm } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { build } from 'esbuild';

/** Bundled CommonJS packages call `require` for Node's own modules, which ESM does not have. */
const REQUIRE = [
  "import { createRequire as castnetCreateRequire } from 'node:module';",
  'const require = castnetCreateRequire(import.meta.url);',
].join('\n');

export interface BundleInput {
  readonly entry: string;
  readonly outfile: string;
  /** esbuild's target: the agent brings its own Node, the command runs on the user's. */
  readonly target: 'node20' | 'node24';
  /** First line, for a file that is started by its name. */
  readonly shebang?: string;
  readonly version: string;
  /** Whether what is imported on demand gets files of its own. */
  readonly splitting?: boolean;
}

/**
 * One ESM file from an entry and all it imports; what is imported on demand goes into files beside
 * it, `NAME-HASH.js`. Equal sources give equal bytes.
 *
 * @returns the paths of all that went in, below the checkout
 */
export async function bundle(input: BundleInput): Promise<string[]> {
  const { dir, name, ext } = parse(input.outfile);
  const before = await readdir(dir).catch(() => []);
  const parts = before.filter((it) => it.startsWith(`${name}-`) && it.endsWith(ext));
  await Promise.all(parts.map((it) => rm(join(dir, it))));
  const { metafile } = await build({
    entryPoints: { [name]: input.entry },
    outdir: dir,
    outExtension: { '.js': ext },
    // Node loads every module that a file names at its top, needed or not.
    splitting: input.splitting ?? false,
    chunkNames: `${name}-[hash]`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: input.target,
    banner: { js: [input.shebang, REQUIRE].filter(Boolean).join('\n') },
    define: { 'process.env.CASTNET_PACKAGE_VERSION': JSON.stringify(input.version) },
    // Names stay as written, so that a user's stack trace can be read.
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    absWorkingDir: join(import.meta.dirname, '..'),
  });
  return Object.keys(metafile.inputs);
}

/** @throws Error naming the source that is not there */
export async function mustExist(path: string): Promise<string> {
  await access(path).catch(() => {
    throw new Error(`${path} does not exist, so there is nothing to bundle`);
  });
  return path;
}
