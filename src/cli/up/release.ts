import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHITECTURES, partOf } from '../plugin/architecture.ts';
import { builtAs, distDirectory } from '../plugin/source.ts';
import type { Release } from './core/wanted.ts';

/**
 * What this package has of the plugin, by architecture.
 * @throws UserError when nothing was built
 */
export async function ownRelease(dist = distDirectory()): Promise<Release> {
  const { version } = await builtAs(dist);
  const builds: Record<string, string> = {};
  for (const it of ARCHITECTURES) {
    const part = partOf(dist, it);
    const isThere = await access(join(part, 'rootfs.tar.gz')).then(
      () => true,
      () => false,
    );
    if (isThere) builds[it] = (await builtAs(part)).build;
  }
  return { version, builds };
}
