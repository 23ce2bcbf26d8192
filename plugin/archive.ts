import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface ArchiveInput {
  readonly directory: string;
  /** Which of it, and all below; `.` for the whole. */
  readonly part: string;
  /** Left out: a pattern of tar's. */
  readonly without?: string;
  readonly file: string;
}

/**
 * Writes a directory as a .tar.gz with nothing of this machine or moment in it: names sorted,
 * owner 0, times 0. npm's own packing drops links, and Node 20, on which the command must run,
 * reads no zstd; hence gzip in a file.
 */
export async function archive(input: ArchiveInput): Promise<void> {
  const { directory, part, without, file } = input;
  const aside = `${file}.new`;
  const tar = spawn(
    'tar',
    [
      '--create',
      '--format=ustar',
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      ...(without === undefined ? [] : [`--exclude=${without}`]),
      `--directory=${directory}`,
      part,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [[status]] = await Promise.all([
    once(tar, 'close') as Promise<[number | null]>,
    pipeline(tar.stdout, createGzip({ level: 6 }), createWriteStream(aside)),
  ]);
  if (status !== 0) throw new Error(`tar of ${directory} ended with status ${status}`);
  await rename(aside, file);
}
