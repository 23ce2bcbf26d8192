import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * The dashboard's page: one script, one style sheet, and what needs no building. Nothing of it comes
 * from elsewhere at run time.
 * @param root the checkout
 * @param outdir made if it is not there; its files are replaced
 */
export async function buildPage(root: string, outdir: string): Promise<void> {
  const from = join(root, 'web');
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: { app: join(from, 'src/app.tsx'), style: join(from, 'src/style.css') },
    outdir,
    bundle: true,
    format: 'esm',
    // Browsers of the last three years.
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(from, 'tsconfig.json'),
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: root,
  });
  for (const file of ['index.html', 'icon.svg']) await cp(join(from, file), join(outdir, file));
}
