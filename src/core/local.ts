/** What Docker asked this host to have. */

/** Settings of a network, from `docker network create --opt`. */
export interface NetworkOptions {
  /** Bytes; without it the tunnel's underlay decides. */
  readonly mtu?: number;
}

export interface LocalNetwork {
  /** Docker's network id. */
  readonly id: string;
  readonly vni: number;
  /** The IPv4 subnet, as `10.0.1.0/24`; absent when Docker named none. */
  readonly subnet?: string;
  readonly options: NetworkOptions;
}

export interface LocalEndpoint {
  readonly id: string;
  /** Docker's id of its network. */
  readonly network: string;
  /** IPv4 address with prefix length, as `10.0.1.5/24`. */
  readonly address: string;
  readonly mac: string;
  /** Path of the network namespace it joined, from Docker; absent before Join. */
  readonly sandbox?: string;
  /** Whether this interface was given the container's routes for multicast and broadcast. */
  readonly carriesMulticast?: boolean;
}

/** The address without its prefix length. */
export const bareAddress = (cidr: string): string => cidr.split('/')[0] as string;
