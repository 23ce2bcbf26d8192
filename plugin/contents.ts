import { stat } from 'node:fs/promises';
import { findOnPath } from './find.ts';

/** A program of the rootfs: where it lies there, where it is taken from, who brings it. */
export interface Program {
  readonly target: string;
  readonly candidates: readonly string[];
  /** Debian's package, for the error when it is missing. */
  readonly debianPackage: string;
}

/**
 * The programs that the agent starts, by path; there is no shell. `unshare`, `mount` and `umount`
 * make the castnet namespace, give it a writable /proc for its sysctls, and take it away; `cat`
 * reads the /proc of a container's namespace.
 */
export const PROGRAMS: readonly Program[] = [
  { target: '/usr/sbin/ip', candidates: ['ip'], debianPackage: 'iproute2' },
  { target: '/usr/sbin/bridge', candidates: ['bridge'], debianPackage: 'iproute2' },
  { target: '/usr/sbin/nft', candidates: ['nft'], debianPackage: 'nftables' },
  { target: '/usr/bin/nsenter', candidates: ['nsenter'], debianPackage: 'util-linux' },
  { target: '/usr/bin/unshare', candidates: ['unshare'], debianPackage: 'util-linux' },
  { target: '/usr/bin/cat', candidates: ['cat'], debianPackage: 'coreutils' },
  { target: '/usr/bin/mount', candidates: ['mount'], debianPackage: 'mount' },
  { target: '/usr/bin/umount', candidates: ['umount'], debianPackage: 'mount' },
  {
    // Preloaded into `bridge monitor`, which otherwise writes its events in blocks.
    target: '/usr/libexec/coreutils/libstdbuf.so',
    candidates: ['/usr/libexec/coreutils/libstdbuf.so', '/usr/lib/coreutils/libstdbuf.so'],
    debianPackage: 'coreutils',
  },
];

/** Name tables that ip and bridge read. They run without, but print numbers for names. */
export const TABLE_DIRECTORIES = ['/etc/iproute2', '/usr/share/iproute2', '/usr/lib/iproute2'];

/** Directories that Docker, runc or the agent mounts upon. */
export const EMPTY_DIRECTORIES = [
  'castnet',
  'dev',
  'etc',
  'host/run',
  'proc',
  'run',
  'sys',
  'tmp',
  'var/lib/castnet',
  'var/lib/docker/swarm',
];

/** Links that programs expect: the merged /usr of Debian, and the old name of /run. */
export const LINKS: readonly (readonly [string, string])[] = [
  ['bin', 'usr/bin'],
  ['sbin', 'usr/sbin'],
  ['lib', 'usr/lib'],
  ['lib64', 'usr/lib64'],
  ['var/run', '../run'],
];

/**
 * Finds each program on this machine.
 *
 * @returns source path by target path
 * @throws Error with the Debian packages to install, all of them at once
 */
export async function findPrograms(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const missing = new Set<string>();
  for (const program of PROGRAMS) {
    const source = await findOnPath(program.candidates);
    if (source) found.set(program.target, source);
    else missing.add(program.debianPackage);
  }
  if (missing.size > 0) {
    throw new Error(
      `The plugin is made from this machine's tools, and some are missing. ` +
        `Install them: apt-get install ${[...missing].sort().join(' ')}`,
    );
  }
  return found;
}

/** The one line that says which state of a source file went into a build. */
export async function fingerprint(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${path} ${size} ${mtimeMs}`;
}
