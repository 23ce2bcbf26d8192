/** What Docker asked this host to have. */

import type { NetworkReport } from '../contract/report.ts';
import { inAny } from '../net/cidr.ts';
import type { RouteWish } from './multicast-route.ts';

/** Settings of a network, from `docker network create --opt`. */
export type NetworkOptions = NetworkReport['options'];

/** Packets a second, or bytes a second. */
export type Rate = NonNullable<NetworkOptions['rate']>;

export type LocalNetwork = Pick<
  NetworkReport,
  'id' | 'vni' | 'subnet' | 'otherSubnets' | 'options'
>;

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
  /** Whether it is the host's own: its address is on a link in the host's namespace. */
  readonly exposed?: true;
  /** Why the host has not the address after all, in words. */
  readonly barred?: string;
  /** The namespace, as `sandbox`, of the container that only holds the address for the host. */
  readonly holder?: string;
  /** Whether the container's multicast and broadcast leave by this interface. */
  readonly carriesMulticast?: boolean;
  /** Whether Docker was told to make its routes for them, which have no metric then. */
  readonly staticRoutes?: boolean;
  /** By how many bits these are longer than 224.0.0.0/4; see `routesByDocker`. */
  readonly staticLevel?: number;
  /** What the attachment says instead of its network. */
  readonly routeWish?: RouteWish;
}

/** The address without its prefix length. */
export const bareAddress = (cidr: string): string => cidr.split('/')[0] as string;
