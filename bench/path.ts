/** What all ways between containers look like to the measurements. */

/** A namespace in which programs run and take part in a network. */
export interface Station {
  /** Path for `nsenter --net`. */
  readonly ns: string;
  /** Its IPv4 address in the network that is measured. */
  readonly address: string;
}

/** A counter of what a host sends to, and takes from, other hosts. */
export interface Uplink {
  readonly ns: string;
  readonly device: string;
}

/** One way for packets from a container on host 1 to containers on hosts 2 and 3. */
export interface Path {
  readonly name: string;
  /** Whether groups pass at all. */
  readonly multicast: boolean;
  readonly sender: Station;
  /** Two on host 2, then two on host 3; a path without multicast has the first alone. */
  readonly receivers: readonly Station[];
  /** Of hosts 1, 2, 3. */
  readonly uplinks: readonly Uplink[];
  /** The machine's pids of programs through which packets pass; none for a kernel's path. */
  readonly daemons: readonly number[];
  close(): Promise<void>;
}

/** The groups of the measurements: with members on both other hosts, and on host 2 alone. */
export const GROUP_BOTH = '239.66.0.1';
export const GROUP_ONE = '239.66.0.2';

/** The MAC address of an IPv4 group: its low 23 bits (RFC 1112 section 6.4). */
export function groupMac(group: string): string {
  const bytes = group.split('.').map(Number);
  const low = [(bytes[1] ?? 0) & 0x7f, bytes[2] ?? 0, bytes[3] ?? 0];
  return ['01', '00', '5e', ...low.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
