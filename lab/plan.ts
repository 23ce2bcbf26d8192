/**
 * What a lab is called and where its parts lie: names, addresses and paths.
 * Pure, so that `up`, `down` and the tests work out the same values.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../src/cli/output.ts';

export type LabRole = 'manager' | 'worker';

/**
 * The network between the hosts: one subnet of either family; a subnet for each host, behind a
 * router that passes no multicast; two, with Docker's data path on the second; one that each host
 * is on by a bridge of its own, as a host of virtual machines is; or one that h2 is on by a bond and h3
 * by a VLAN, which need a kernel with these (bonding, 8021q).
 */
export const UNDERLAYS = ['ipv4', 'ipv6', 'routed', 'two', 'bridge', 'bond-vlan'] as const;
export type Underlay = (typeof UNDERLAYS)[number];

/** One host as planned, before anything is made. */
export type HostPlan = {
  /** h1, h2, … */
  name: string;
  /** Address on the underlay. */
  address: string;
  role: LabRole;
  /** Directory of the host's files. */
  dir: string;
  /** Path of the Engine's socket, reachable from outside the host. */
  socket: string;
};

const DEFAULT_BASE = '/var/lib/castnet-lab';

/** A Unix socket's path has 108 bytes with the closing zero (sun_path in <sys/un.h>). */
const SOCKET_PATH_BYTES = 107;

/** The address of a host, by its number. */
export function hostAddress(underlay: Underlay, number: number): string {
  if (underlay === 'ipv6') return `fd99::${number}`;
  return underlay === 'routed' ? `10.99.${number}.1` : `10.99.0.${number}`;
}

/** The address for `--data-path-addr`, where the underlay has two networks. */
export function dataAddress(underlay: Underlay, number: number): string | undefined {
  return underlay === 'two' ? `10.98.0.${number}` : undefined;
}

/** One host for each address that ends in 1 to 250. */
export const MAX_HOSTS = 250;

/** The name again, or a UserError that says which names are accepted. */
export function checkLabName(name: string): string {
  if (!/^[a-z0-9-]{1,20}$/.test(name)) {
    throw new UserError(`"${name}" cannot be the name of a lab.`, {
      hint: 'Use 1 to 20 lower-case letters, digits and hyphens.',
      exitCode: 2,
    });
  }
  return name;
}

/** The directory in which every lab has its own, from CASTNET_LAB_DIR if that is set. */
export function labBase(env: { CASTNET_LAB_DIR?: string | undefined }): string {
  const base = env.CASTNET_LAB_DIR;
  if (base === undefined || base === '') return DEFAULT_BASE;
  if (!base.startsWith('/')) {
    throw new UserError(`CASTNET_LAB_DIR is "${base}", which is not an absolute path.`, {
      hint: 'Set it to a directory on a local disk, for example /srv/castnet-lab.',
    });
  }
  return base.replace(/\/+$/, '') || '/';
}

/** Directory of the lab with this name. */
export function labDirectory(base: string, name: string): string {
  return join(base, checkLabName(name));
}

/**
 * The name of the lab's cgroups. It carries a hash of the directory, because
 * labs of one name may exist in two base directories at a time.
 */
export function cgroupName(labDir: string): string {
  const hash = createHash('sha256').update(labDir).digest('hex').slice(0, 8);
  return `${labDir.slice(labDir.lastIndexOf('/') + 1)}.${hash}`;
}

/**
 * The hosts of a lab, in order: the first `managers` of them are managers.
 * Errors: UserError for a count that is not usable, or a directory too deep.
 */
export function planHosts(
  labDir: string,
  wanted: { hosts: number; managers: number; underlay?: Underlay },
): HostPlan[] {
  const { hosts, managers, underlay = 'ipv4' } = wanted;
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > MAX_HOSTS) {
    throw new UserError(`A lab cannot have ${hosts} hosts.`, {
      hint: `Ask for a whole number from 1 to ${MAX_HOSTS}.`,
      exitCode: 2,
    });
  }
  if (!Number.isInteger(managers) || managers < 1) {
    throw new UserError(`A lab cannot have ${managers} managers.`, {
      hint: 'Ask for a whole number, 1 or more.',
      exitCode: 2,
    });
  }
  return Array.from({ length: hosts }, (_, index) => {
    const number = index + 1;
    const role = number <= managers ? 'manager' : 'worker';
    return planHost(labDir, { number, role, address: hostAddress(underlay, number) });
  });
}

/** One host as planned; its number gives its name. */
export function planHost(
  labDir: string,
  { number, role, address }: { number: number; role: LabRole; address: string },
): HostPlan {
  const name = `h${number}`;
  const dir = join(labDir, name);
  const socket = join(dir, 'docker.sock');
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) {
    throw new UserError(`The socket's path ${socket} is longer than ${SOCKET_PATH_BYTES} bytes.`, {
      hint: 'Set CASTNET_LAB_DIR to a shorter path.',
    });
  }
  return { name, address, role, dir, socket };
}
