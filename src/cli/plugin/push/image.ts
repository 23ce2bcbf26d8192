import { createHash } from 'node:crypto';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/**
 * A plugin in a registry: a manifest of Docker's second schema whose configuration has a media type of
 * its own (moby, plugin/fetch_linux.go). Docker puts the digests of the layers' files where an image has
 * those of their contents (moby, plugin/backend_linux.go, CreateFromContext), so that is done here too.
 */
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = 'application/vnd.docker.plugin.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** What is unpacked over one another; no path is in two of them, for Docker unpacks them at once. */
const LAYERS = ['rootfs.tar.gz', 'agent.tar.gz'];

export interface Image {
  /** What the registry will call it, for equal builds the same: sha256:… */
  readonly digest: string;
  /** Bytes of all that is pushed. */
  readonly size: number;
}

interface Descriptor {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: string;
}

/**
 * Lays a built plugin out as a directory that skopeo reads (its transport `dir:`). The layers are links
 * to what was built, so that it takes no room.
 *
 * @param part dist, or the part of it for an architecture
 * @param directory an empty one
 */
export async function layOut(part: string, directory: string): Promise<Image> {
  const layers = await Promise.all(
    LAYERS.map(async (name) => {
      const path = resolve(part, name);
      const layer = describe(LAYER, await readFile(path));
      await symlink(path, join(directory, hexOf(layer)));
      return layer;
    }),
  );
  const built = JSON.parse(await readFile(join(part, 'config.json'), 'utf8')) as object;
  const rootfs = { type: 'layers', diff_ids: layers.map((it) => it.digest) };
  const text = Buffer.from(JSON.stringify({ ...built, rootfs }));
  const config = describe(CONFIG, text);
  await writeFile(join(directory, hexOf(config)), text);
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers }),
  );
  await writeFile(join(directory, 'manifest.json'), manifest);
  await writeFile(join(directory, 'version'), 'Directory Transport Version: 1.1\n');
  const sizes = [manifest.length, config.size, ...layers.map((it) => it.size)];
  return {
    digest: describe(MANIFEST, manifest).digest,
    size: sizes.reduce((sum, it) => sum + it, 0),
  };
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { mediaType, size: bytes.length, digest: `sha256:${hash}` };
}

const hexOf = ({ digest }: Descriptor): string => digest.slice('sha256:'.length);
