/** A program of the rootfs: where it lies there, what it is called, who brings it. */
export interface Program {
  readonly target: string;
  /** Its name, or its path where it is not among the programs. */
  readonly name: string;
  /** Debian's package. */
  readonly debianPackage: string;
}

/**
 * The programs that the agent starts, by path; there is no shell. `unshare`, `mount` and `umount`
 * make the castnet namespace, give it a writable /proc for its sysctls, and take it away; `cat`
 * reads the /proc of a container's namespace.
 */
export const PROGRAMS: readonly Program[] = [
  { target: '/usr/sbin/ip', name: 'ip', debianPackage: 'iproute2' },
  { target: '/usr/sbin/bridge', name: 'bridge', debianPackage: 'iproute2' },
  { target: '/usr/sbin/tc', name: 'tc', debianPackage: 'iproute2' },
  { target: '/usr/sbin/bpftool', name: 'bpftool', debianPackage: 'bpftool' },
  { target: '/usr/sbin/nft', name: 'nft', debianPackage: 'nftables' },
  { target: '/usr/bin/wg', name: 'wg', debianPackage: 'wireguard-tools' },
  // For a kernel without WireGuard; `chrt` has it run in batches, `mknod` makes the device that it needs.
  { target: '/usr/bin/wireguard-go', name: 'wireguard-go', debianPackage: 'wireguard-go' },
  { target: '/usr/bin/chrt', name: 'chrt', debianPackage: 'util-linux' },
  { target: '/usr/bin/mknod', name: 'mknod', debianPackage: 'coreutils' },
  { target: '/usr/bin/nsenter', name: 'nsenter', debianPackage: 'util-linux' },
  { target: '/usr/bin/unshare', name: 'unshare', debianPackage: 'util-linux' },
  { target: '/usr/bin/cat', name: 'cat', debianPackage: 'coreutils' },
  { target: '/usr/bin/mount', name: 'mount', debianPackage: 'mount' },
  { target: '/usr/bin/umount', name: 'umount', debianPackage: 'mount' },
  {
    // Preloaded into `bridge monitor`, which otherwise writes its events in blocks.
    target: '/usr/libexec/coreutils/libstdbuf.so',
    name: '/usr/libexec/coreutils/libstdbuf.so',
    debianPackage: 'coreutils',
  },
];

/** Where Node is; its libraries come with the programs'. */
export const NODE = '/usr/bin/node';

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
