/** A package of another build: what npm would bring with the next version. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../run.ts';
import { ROOT } from './containers.ts';

/** What the plugin of that package says as its build. */
export const NEXT_BUILD = 'nextbuild000';

/**
 * dist/ once more, under another build, in a directory of its own that the caller removes. Files
 * are linked, as the rootfs is large.
 */
export async function nextPackage(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'castnet-next-'));
  const dist = join(dir, 'dist');
  await mkdir(dist);
  await mustRun(['cp', '-al', join(ROOT, 'dist/plugin'), join(dist, 'plugin')]);
  const command = (await readdir(join(ROOT, 'dist'))).filter((it) => /^castnet.*\.js$/.test(it));
  await Promise.all(command.map((it) => cp(join(ROOT, 'dist', it), join(dist, it))));
  const config = JSON.parse(await readFile(join(ROOT, 'dist/config.json'), 'utf8')) as {
    env: { name: string; value: string }[];
  };
  for (const it of config.env) if (it.name === 'CASTNET_BUILD') it.value = NEXT_BUILD;
  // The copies are links to the checkout's files, which must stay as they are.
  const agent = join(dist, 'plugin/rootfs/castnet/agent.mjs');
  const code = await readFile(agent, 'utf8');
  for (const path of [agent, join(dist, 'plugin/config.json')]) await rm(path);
  await writeFile(agent, `${code}\n// The next build.\n`);
  for (const path of ['config.json', 'plugin/config.json']) {
    await writeFile(join(dist, path), JSON.stringify(config));
  }
  return dir;
}
