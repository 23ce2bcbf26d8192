import type { JoinAnswer } from './protocol.ts';

export interface NetworkRequest {
  readonly id: string;
  /** `--opt` settings, and at CreateNetwork what AllocateNetwork answered. */
  readonly options: Readonly<Record<string, string>>;
  /** IPv4 subnet, as `10.0.1.0/24`. */
  readonly subnet?: string;
  /** Of a network with several, the others. */
  readonly otherSubnets?: readonly string[];
}

export interface EndpointRequest {
  readonly network: string;
  readonly id: string;
  /** IPv4 address with prefix length. */
  readonly address: string;
  /** Absent when the driver shall choose. */
  readonly mac?: string;
  /** The attachment's `--driver-opt` settings, among what Docker adds. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * What the protocol's handlers need of the agent. Every method may be called again with the same
 * arguments, then does nothing more and answers the same. Each throws a `Fault` for a request that
 * cannot be met; nothing half-made stays.
 */
export interface Driver {
  /** @returns settings that every host will get with CreateNetwork */
  allocateNetwork(request: NetworkRequest): Promise<Record<string, string>>;
  freeNetwork(id: string): Promise<void>;
  createNetwork(request: NetworkRequest): Promise<void>;
  deleteNetwork(id: string): Promise<void>;
  /** @returns the MAC that was chosen, when none was asked for, and an IPv6 address if it has one */
  createEndpoint(request: EndpointRequest): Promise<{ mac?: string; ipv6?: string }>;
  deleteEndpoint(network: string, id: string): Promise<void>;
  join(endpoint: { network: string; id: string; sandbox: string }): Promise<JoinAnswer>;
  leave(network: string, id: string): Promise<void>;
  /** A host of the Swarm came or went: a reason to ask Docker who is there. */
  discovered(): void;
}
