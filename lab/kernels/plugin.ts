/** Makes the built plugin small enough for an emulated processor. Only for a guest: its files go. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from '../kit/containers.ts';

const PLUGIN = join(ROOT, 'dist/plugin');
const NODE = '/usr/bin/node';
const PLACE = '/usr/lib/castnet-guest/plugin-node';

type Config = { mounts: { destination: string; [key: string]: unknown }[] };

/**
 * Takes Node out of the plugin, nine tenths of it, and has Docker mount it at its place: each Engine
 * compresses what a plugin holds, which takes an emulated processor minutes.
 */
export async function mountNode(): Promise<void> {
  const inside = join(PLUGIN, 'rootfs', NODE);
  await mkdir(dirname(PLACE), { recursive: true });
  await copyFile(inside, PLACE);
  await rm(inside);
  await writeFile(inside, '', { mode: 0o755 });
  const file = join(PLUGIN, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Config;
  config.mounts.push({
    ...{ name: 'node', description: 'Node', type: 'bind', options: ['bind', 'ro'] },
    ...{ source: PLACE, destination: NODE, settable: [] },
  });
  await writeFile(file, JSON.stringify(config));
}
