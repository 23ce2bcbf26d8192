import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { UserError } from '../output.ts';
import { ARCHITECTURES, type Architecture, OWN_ARCHITECTURE, partOf } from './architecture.ts';

/** What the package holds of the plugin. */
export interface PluginSource {
  readonly version: string;
  readonly build: string;
  /** The directory with config.json and rootfs/ that `docker plugin create` takes. */
  readonly directory: string;
  /** Removes what was unpacked. */
  readonly dispose: () => Promise<void>;
}

/** dist/, seen from the bundled command inside it and from the sources beside it. */
export function distDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return basename(here) === 'dist' ? here : join(here, '../../../dist');
}

/**
 * Makes the plugin ready to be handed to Docker: the built directory in a checkout, a temporary
 * one unpacked from the archive in an installed package.
 *
 * @throws UserError when nothing was built for that architecture
 */
export async function openSource(
  architecture: Architecture,
  dist = distDirectory(),
): Promise<PluginSource> {
  await mustHold(dist, architecture);
  const part = partOf(dist, architecture);
  const { version, build } = await builtAs(part);
  const built = join(part, 'plugin');
  if (await exists(join(built, 'rootfs/castnet/agent.mjs'))) {
    return { version, build, directory: built, dispose: async () => {} };
  }
  const directory = await mkdtemp(join(tmpdir(), 'castnet-plugin-'));
  const dispose = () => rm(directory, { recursive: true, force: true });
  try {
    await unpack(join(part, 'rootfs.tar.gz'), join(directory, 'rootfs'));
    await copyFile(join(part, 'agent.mjs'), join(directory, 'rootfs/castnet/agent.mjs'));
    await copyFile(join(part, 'config.json'), join(directory, 'config.json'));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { version, build, directory, dispose };
}

/** Where something was built, but not for that architecture, the error names what there is. */
async function mustHold(dist: string, architecture: Architecture): Promise<void> {
  const held = await heldIn(dist);
  if (held.length === 0 || held.includes(architecture)) return;
  const flag = architecture === OWN_ARCHITECTURE ? '' : ` -- --arch ${architecture}`;
  throw new UserError(
    `the Engine is linux ${architecture}, and the plugin was built for ${held.join(' and ')} only`,
    { hint: `In a checkout, build it for both: npm run build${flag}` },
  );
}

/** What the plugin was built for there. */
export async function heldIn(dist: string): Promise<Architecture[]> {
  const has = (it: Architecture) => exists(join(partOf(dist, it), 'config.json'));
  const held: Architecture[] = [];
  for (const it of ARCHITECTURES) if (await has(it)) held.push(it);
  return held;
}

/** Version and build that the config.json of dist, or of a part of it, names. */
export async function builtAs(dist = distDirectory()): Promise<{ version: string; build: string }> {
  const text = await readFile(join(dist, 'config.json'), 'utf8').catch(() => {
    throw new UserError('the plugin has not been built', {
      hint: 'In a checkout, build it first: npm run build',
    });
  });
  const { env } = JSON.parse(text) as { env: { name: string; value: string }[] };
  const value = (name: string) => env.find((entry) => entry.name === name)?.value ?? 'unknown';
  return { version: value('CASTNET_VERSION'), build: value('CASTNET_BUILD') };
}

/** Of seconds, on a slow disk. */
const UNPACK_MS = 300_000;

async function unpack(archive: string, directory: string): Promise<void> {
  await mkdir(directory);
  const tar = spawn('tar', ['-x', '-f', '-', '-C', directory], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: UNPACK_MS,
  });
  let complaint = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  // tar stops reading at the archive's end mark, before the padding behind it: what the pipe says
  // of that is no failure when tar is content.
  const [[status], broken] = await Promise.all([
    once(tar, 'close') as Promise<[number | null]>,
    pipeline(createReadStream(archive), createGunzip(), tar.stdin).then(
      () => undefined,
      (error: Error) => error,
    ),
  ]).catch((error: Error) => [[null], error] as const);
  const isEarlyEnd = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(
    (broken as NodeJS.ErrnoException | undefined)?.code ?? '',
  );
  if (status === 0 && (broken === undefined || isEarlyEnd)) return;
  const reason = complaint.trim() || broken?.message || `tar ended with status ${status}`;
  throw new UserError(`the plugin could not be unpacked: ${reason}`, {
    hint: `It needs 130 MB in ${tmpdir()} (TMPDIR chooses another place) and the tar command.`,
    cause: broken,
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
