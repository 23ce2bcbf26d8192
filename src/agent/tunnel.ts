import type { Tunnel } from '../core/forwarding.ts';
import { Fault } from '../net/fault.ts';
import { containerMtu } from '../net/mtu.ts';

export interface TunnelSource {
  /** A setting that overrides what Docker says. */
  readonly setting: string | undefined;
  readonly vxlanPort: number;
  /** What Docker says of this host's addresses. */
  readonly swarm: () => { readonly data: string } | undefined;
  /** MTU of the interface that carries an address, bytes. */
  readonly mtuOf: (address: string) => Promise<number | undefined>;
}

/**
 * This host's end of the tunnels, found without asking Docker's API, which may be waiting for us.
 * @throws Fault when the host is in no Swarm or has not the address
 */
export async function findTunnel(source: TunnelSource): Promise<Tunnel> {
  const address = source.setting ?? source.swarm()?.data;
  if (address === undefined) {
    throw new Fault(
      'this host is in no Swarm, so castnet does not know its address. ' +
        'Run `docker swarm init` or `docker swarm join`, or set CASTNET_TUNNEL_ADDRESS.',
    );
  }
  const underlay = await source.mtuOf(address);
  if (underlay === undefined) {
    throw new Fault(
      `no interface of this host has the address ${address}, at which the others would send. ` +
        'Set CASTNET_TUNNEL_ADDRESS to an address of this host, or give `docker swarm` the right --data-path-addr.',
    );
  }
  return { address, port: source.vxlanPort, mtu: containerMtu(underlay, address) };
}
