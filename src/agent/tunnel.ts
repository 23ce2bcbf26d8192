import type { Tunnel } from '../core/forwarding.ts';
import { chooseAddress, hostPart, type SwarmAddresses } from '../core/tunnel-address.ts';
import { Fault } from '../net/fault.ts';
import { containerMtu } from '../net/mtu.ts';

export interface TunnelSource {
  /** A setting that overrides what Docker says. */
  readonly setting: string | undefined;
  readonly vxlanPort: number;
  /** What Docker says of this host's addresses; undefined outside a Swarm. */
  readonly swarm: () => SwarmAddresses | undefined;
  /** Every address of this host's interfaces, with the interface's MTU, bytes. */
  readonly addresses: () => Promise<ReadonlyMap<string, { readonly mtu: number }>>;
  /** This host's end of the route to an address. */
  readonly routeTo: (
    address: string,
  ) => Promise<{ readonly source: string; readonly toItself: boolean } | undefined>;
  /** The addresses of a name; an address has itself. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}

/** This host's end of the tunnels, found without asking Docker's API, which may be waiting for us. */
export class TunnelFinder {
  readonly #source: TunnelSource;
  #here: readonly string[] = [];

  constructor(source: TunnelSource) {
    this.#source = source;
  }

  /** All that Docker may call this host by: the others' lists name it by one of them. */
  own(): string[] {
    const { dataPath, advertised, local } = this.#source.swarm() ?? {};
    return [dataPath, advertised, local, ...this.#here].filter((it) => it !== undefined);
  }

  /** @throws Fault when the host is in no Swarm or has not the address */
  async find(): Promise<Tunnel> {
    const { setting, swarm, vxlanPort, addresses } = this.#source;
    const here = await addresses();
    this.#here = [...here.keys()];
    const choice = chooseAddress({ setting, swarm: swarm(), here });
    if (choice === undefined) {
      throw new Fault(
        'this host is in no Swarm, so castnet does not know its address. ' +
          'Run `docker swarm init` or `docker swarm join`, or set CASTNET_TUNNEL_ADDRESS.',
      );
    }
    const address = 'address' in choice ? choice.address : await this.#towards(choice.towards);
    const underlay = here.get(address);
    if (underlay === undefined) {
      throw new Fault(
        `no interface of this host has the address ${address}, at which the others would send. ` +
          'Set CASTNET_TUNNEL_ADDRESS to an address of this host, or give `docker swarm` the right --data-path-addr.',
      );
    }
    return { address, port: vxlanPort, mtu: containerMtu(underlay.mtu, address) };
  }

  /**
   * The local address of the route to the first manager that there is a route to. A manager need
   * not live for that; but an address that moved here, as a floating one that was joined by, says
   * nothing.
   */
  async #towards(managers: readonly string[]): Promise<string> {
    const { resolve, routeTo } = this.#source;
    for (const manager of managers) {
      for (const address of await resolve(hostPart(manager) ?? '')) {
        const route = await routeTo(address);
        if (route !== undefined && !route.toItself) return route.source;
      }
    }
    throw new Fault(
      `Docker has saved no address of this host, and no route leads to a manager (${managers.join(', ') || 'none is known'}). ` +
        'Set CASTNET_TUNNEL_ADDRESS to an address of this host.',
    );
  }
}
