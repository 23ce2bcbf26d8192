/**
 * Peers come from Debian's packages as they are. What is not installed is downloaded and unpacked
 * beside the bench, not installed: installing would start services on the machine.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, run } from '../lab/run.ts';

/** Where the programs of a package are, and what they need to start. */
export interface Unpacked {
  /** Path of a program by its name. */
  path(program: string): Promise<string>;
  readonly env: NodeJS.ProcessEnv;
  /** Versions, as Debian counts them. */
  readonly versions: string[];
}

/**
 * Makes packages of Debian ready below `directory`.
 * @throws Error that says what to install, on a machine without apt-get or without a replica
 */
export async function unpack(directory: string, packages: string[]): Promise<Unpacked> {
  const root = join(directory, 'root');
  await mkdir(root, { recursive: true });
  // apt-get downloads to where it is started.
  const download = ['env', '-C', directory, 'apt-get', 'download', '-q', ...packages];
  const got = await run(download, { timeoutMs: 60_000 }).catch((error: Error) => ({
    status: 1,
    stderr: error.message,
  }));
  if (got.status !== 0) {
    throw new Error(
      `to measure them: apt-get install ${packages.join(' ')} (${lastLine(got.stderr)})`,
    );
  }
  const files = (await readdir(directory)).filter((file) => file.endsWith('.deb'));
  for (const file of files) await mustRun(['dpkg', '-x', join(directory, file), root]);
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((it) =>
    join(root, it),
  );
  return {
    env: { LD_LIBRARY_PATH: libraries.join(':') },
    versions: files.map((file) => decodeURIComponent(file).split('_').slice(0, 2).join(' ')).sort(),
    path: async (program) => {
      for (const place of ['usr/sbin', 'usr/bin']) {
        const path = join(root, place, program);
        if ((await run(['test', '-x', path])).status === 0) return path;
      }
      throw new Error(`the packages ${packages.join(', ')} hold no program ${program}`);
    },
  };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
