import * as z from 'zod';

/**
 * Docker's remote network driver protocol, as moby 20.10 to 29 speak it
 * (libnetwork/docs/remote.md, libnetwork/drivers/remote/api). Fields that castnet does not use are
 * not listed; unknown ones are let through, since later versions add some.
 */

/** Ids that Docker makes: hexadecimal for itself, 25 letters and digits for Swarm. */
const Id = z.string().regex(/^[0-9a-zA-Z]{8,64}$/, 'is not an id of Docker');

const Pool = z.object({
  Pool: z.string().optional(),
  Gateway: z.string().nullish(),
});
export type Pool = z.infer<typeof Pool>;

const Pools = z.array(Pool).nullish();

export const AllocateNetwork = z.object({
  NetworkID: Id,
  Options: z.record(z.string(), z.string()).nullish(),
  IPv4Data: Pools,
  IPv6Data: Pools,
});

/** Where Docker puts `--opt` settings together with what AllocateNetwork answered. */
export const GENERIC = 'com.docker.network.generic';

export const CreateNetwork = z.object({
  NetworkID: Id,
  Options: z.record(z.string(), z.unknown()).nullish(),
  IPv4Data: Pools,
  IPv6Data: Pools,
});

export const OfNetwork = z.object({ NetworkID: Id });

/** An IPv4 address with its prefix length, as `10.0.1.5/24`. */
const Address = z
  .union([
    z.literal(''),
    z.cidrv4({ error: 'is not an IPv4 address with prefix length, as 10.0.1.5/24' }),
  ])
  .nullish();

export const CreateEndpoint = z.object({
  NetworkID: Id,
  EndpointID: Id,
  /** Where Docker puts `--driver-opt` settings of an attachment, beside what is its own. */
  Options: z.record(z.string(), z.unknown()).nullish(),
  Interface: z
    .object({
      Address,
      AddressIPv6: z.string().nullish(),
      MacAddress: z.string().nullish(),
    })
    .nullish(),
});

export const OfEndpoint = z.object({ NetworkID: Id, EndpointID: Id });

export const Join = z.object({ NetworkID: Id, EndpointID: Id, SandboxKey: z.string() });

/** Only node discovery (type 1) is of use: the addresses of the Swarm's hosts. */
export const Discover = z.object({
  DiscoveryType: z.number(),
  DiscoveryData: z.unknown().optional(),
});

/** A route that Docker puts into the container; type 1 is a connected one, without next hop. */
export interface StaticRoute {
  readonly Destination: string;
  readonly RouteType: 0 | 1;
  readonly NextHop: string;
}

export interface JoinAnswer {
  /** Absent: the container gets no interface (moby, libnetwork/drivers/remote/driver.go, Join). */
  readonly InterfaceName?: { readonly SrcName: string; readonly DstPrefix: string };
  /** Whether Docker shall spare it the interface on docker_gwbridge, too. */
  readonly DisableGatewayService?: true;
  readonly StaticRoutes: readonly StaticRoute[];
}
