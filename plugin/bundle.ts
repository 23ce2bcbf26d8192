import { access } from 'node:fs/promises';
import { join } from 'node:path';
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
}

/** One ESM file from an entry and all it imports. Equal sources give equal bytes. */
export async function bundle(input: BundleInput): Promise<void> {
  await build({
    entryPoints: [input.entry],
    outfile: input.outfile,
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
    absWorkingDir: join(import.meta.dirname, '..'),
  });
}

/** @throws Error naming the source that is not there */
export async function mustExist(path: string): Promise<string> {
  await access(path).catch(() => {
    throw new Error(`${path} does not exist, so there is nothing to bundle`);
  });
  return path;
}
