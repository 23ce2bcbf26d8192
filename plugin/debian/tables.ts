import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TABLE_DIRECTORIES } from '../contents.ts';

/**
 * The name tables of ip and bridge: every file of the first table directory below `top`. Older
 * iproute2 reads /etc/iproute2 alone and newer looks there first, so there they go.
 *
 * @returns source path by target path
 */
export async function tableSources(top = '/'): Promise<Map<string, string>> {
  for (const below of TABLE_DIRECTORIES) {
    const directory = join(top, below);
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (files.length > 0) {
      return new Map(files.map((it) => [join('/etc/iproute2', it.slice(directory.length)), it]));
    }
  }
  return new Map();
}
