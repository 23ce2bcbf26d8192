/** What Docker asked this host to have. */

import { inAny } from '../net/cidr.ts';
import type { RouteWish } from './multicast-route.ts';

/** Settings of a network, from `docker network create --opt`. */
export interface NetworkOptions extends RouteWish {
  /** Bytes; without it the tunnel's underlay decides. */
  readonly mtu?: number;
  /** IPv6 prefix, as `fd00:1::/64`, from which each container's address is derived. */
  readonly ipv6?: string;
  /** Whether containers may send and hear multicast; without it they may. */
  readonly multicast?: boolean;
  /** The groups that containers may use, as CIDRs; without it all. */
  readonly groups?: readonly string[];
  /** What one container may send by multicast and broadcast together; without it no cap. */
  readonly rate?: Rate;
  /** Whether containers may only send what is their own: address, ARP, no membership queries. */
  readonly sourceCheck?: boolean;
  /** How many groups of one container the other hosts hear of. */
  readonly maxGroups?: number;
}

/** Packets a second, or bytes a second. */
export interface Rate {
  readonly per: 'packets' | 'bytes';
  readonly second: number;
}

export interface LocalNetwork {
  /** Docker's network id. */
  readonly id: string;
  readonly vni: number;
  /** The IPv4 subnet, as `10.0.1.0/24`; absent when Docker named none. */
  readonly subnet?: string;
  /** Of a network with several, the others. */
  readonly otherSubnets?: readonly string[];
  readonly options: NetworkOptions;
}

/** Whether containers and services of a network may have an address, as far as is known. */
export function mayHave({ subnet, otherSubnets = [] }: LocalNetwork, address: string): boolean {
  return subnet === undefined || inAny(address, [subnet, ...otherSubnets]);
}

export interface LocalEndpoint {
  readonly id: string;
  /** Docker's id of its network. */
  readonly network: string;
  /** IPv4 address with prefix length, as `10.0.1.5/24`. */
  readonly address: string;
  readonly mac: string;
  /** MTU of its link, bytes, as it was made; absent of what is no container. */
  readonly mtu?: number;
  /** Path of the network namespace it joined, from Docker; absent before Join. */
  readonly sandbox?: string;
  /** Whether the container's multicast and broadcast leave by this interface. */
  readonly carriesMulticast?: boolean;
  /** Whether Docker was told to make its routes for them, which have no metric then. */
  readonly staticRoutes?: boolean;
  /** What the attachment says instead of its network. */
  readonly routeWish?: RouteWish;
}

/** The address without its prefix length. */
export const bareAddress = (cidr: string): string => cidr.split('/')[0] as string;
