/**
 * What one host tells the others about itself. A record has one writer, its own host; the others
 * only keep the last one they heard. So there is nothing to merge and nothing to elect.
 */

/** One container's interface on a network. */
export interface EndpointRecord {
  /** Docker's id of the endpoint, 64 hexadecimal digits. */
  readonly id: string;
  /** IPv4 address, without prefix length. */
  readonly ip: string;
  /** IPv6 address, without prefix length, where the network derives one. */
  readonly ip6?: string;
  readonly mac: string;
  /** Present when it is a task of a service with a virtual IP on this network. */
  readonly service?: ServiceRecord;
}

/** A task's place in its service, as the task's own host sees it. */
export interface ServiceRecord {
  /** The service's name; unique in the Swarm. */
  readonly name: string;
  /** Its virtual IPv4 address on this network. */
  readonly vip: string;
  /** Whether Docker's own discovery answers it: it is started, healthy and not being stopped. */
  readonly serving: boolean;
}

/**
 * A multicast group with members on the host, all of them taken together.
 * `exclude` with no source is an ordinary any-source membership.
 */
export interface GroupRecord {
  readonly group: string;
  readonly mode: 'include' | 'exclude';
  readonly sources: readonly string[];
}

/** What a host has of one network. */
export interface NetworkRecord {
  readonly vni: number;
  /** Whether its packets travel in WireGuard; hosts that do not agree send each other none. */
  readonly encrypted?: true;
  readonly endpoints: readonly EndpointRecord[];
  readonly groups: readonly GroupRecord[];
}

/** Where a host takes WireGuard's packets, and its key. */
export interface WireguardRecord {
  /** Its public key, 32 bytes in base64. */
  readonly key: string;
  /** The one that it is about to have, told before so that secrets for it can be agreed on. */
  readonly next?: string;
  /** UDP port at its tunnel address. */
  readonly port: number;
}

/** What a host says of itself beside its networks. */
export type HostAbout = Pick<HostRecord, 'tunnel' | 'dataPathPort' | 'wireguard'>;

/** What a host has of every network that others share with it. */
export interface HostRecord {
  /** The Swarm node id. */
  readonly node: string;
  /** The address at which this host takes VXLAN packets. */
  readonly tunnel: string;
  /** The Swarm's `--data-path-port`; only a manager knows it. */
  readonly dataPathPort?: number;
  /** Absent of a host without an encrypted network, and of earlier releases. */
  readonly wireguard?: WireguardRecord;
  /** By Docker's network id. */
  readonly networks: ReadonlyMap<string, NetworkRecord>;
}
