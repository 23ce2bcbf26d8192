/** Single packages of Debian that the lab's hosts need and this machine has not, unpacked below .cache. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../engines/engines.ts';
import { downloadPackages } from '../engines/suite.ts';
import { unpack } from '../engines/unpack.ts';

/**
 * The files of a package, none of whose scripts ran; downloaded once.
 * @returns the directory that holds usr, etc and so on
 * @throws Unreachable
 */
export async function debianPackage(suite: string, name: string): Promise<string> {
  const place = join(packageRoot(), '.cache/packages', suite, name);
  if (existsSync(place)) return place;
  const draft = `${place}.${process.pid}`;
  try {
    const tree = join(draft, 'tree');
    await mkdir(tree, { recursive: true });
    const dir = join(draft, 'apt');
    // What it depends on the machine has.
    const found = await downloadPackages(suite, { packages: [name], also: /^$/, dir });
    await unpack(
      found.map((it) => it.file),
      tree,
    );
    await mkdir(dirname(place), { recursive: true });
    await rename(tree, place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return place;
}
