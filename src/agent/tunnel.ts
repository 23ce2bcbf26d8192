import { isIP } from 'node:net';
import type { Tunnel } from '../core/forwarding/forwarding.ts';
import { isHostLink } from '../core/names.ts';
import {
  type AddressSettings,
  chooseAddress,
  hostPart,
  type SwarmAddresses,
} from '../core/tunnel-address.ts';
import { Fault } from '../net/fault.ts';
import { containerMtu } from '../net/mtu.ts';

export interface TunnelSource {
  readonly settings: AddressSettings;
  readonly vxlanPort: number;
  /** What Docker says of this host's addresses; undefined outside a Swarm. */
  readonly swarm: () => SwarmAddresses | undefined;
  /** Where the other hosts take tunnel packets, as far as they have said so. */
  readonly peers: () => readonly string[];
  /** Every address of this host, with the interface that holds it. */
  readonly addresses: () => Promise<ReadonlyMap<string, Interface>>;
  /** How this host's packets reach an address; undefined without a route. */
  readonly routeTo: (
    address: string,
  ) => Promise<{ readonly source?: string; readonly toItself: boolean } | undefined>;
  /** MTUs of the routes to others, bytes. */
  readonly routeMtus: (to: readonly string[], from: string) => Promise<readonly number[]>;
  /** The addresses of a name; an address has itself. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}

/** The host is in a Swarm and knows which address is to be its own, but has it not, or no way out. */
export class NoAddressYet extends Fault {}

/** An interface that holds an address. */
interface Interface {
  /** Its name. */
  readonly interface: string;
  readonly mtu: number;
  /** Whether packets leave by it, as they do not by the loopback. */
  readonly carries: boolean;
}

/** Addresses of documentation (RFC 5737, RFC 3849), which are nobody's: the way to all far hosts. */
const FAR = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;

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
    const { told } = this.#source.settings;
    return [dataPath, advertised, local, told, ...this.#here].filter((it) => it !== undefined);
  }

  /** @throws Fault when the host is in no Swarm or has not the address */
  async find(): Promise<Tunnel> {
    const { settings, swarm: read, vxlanPort, addresses } = this.#source;
    const here = await addresses();
    // Docker calls no host by an address that it gave it on a network (`castnet expose`).
    this.#here = [...here].flatMap(([it, { interface: name }]) => (isHostLink(name) ? [] : it));
    const swarm = read();
    const choice = chooseAddress({ settings, swarm, here });
    if (choice === undefined) {
      throw new Fault(
        'this host is in no Swarm, so castnet does not know its address. ' +
          'Run `docker swarm init` or `docker swarm join`, or set CASTNET_TUNNEL_ADDRESS.',
      );
    }
    const { bound, told, withManagers } = choice;
    const local = typeof bound === 'string' ? bound : await this.#towards(bound.towards);
    const device = here.get(local);
    if (device === undefined) {
      const why =
        settings.bound === undefined
          ? 'Bring up the interface that is to have it, set CASTNET_TUNNEL_ADDRESS to an address of this host, ' +
            'or give `docker swarm` the right --data-path-addr.'
          : 'CASTNET_TUNNEL_ADDRESS names it: set it to an address of this host, or to nothing for the one that Swarm uses.';
      throw new NoAddressYet(
        `no interface of this host has the address ${local}, at which it would take the others’ packets. ${why}`,
      );
    }
    const managers = withManagers ? (swarm?.remotes ?? []) : [];
    const underlay = await this.#pathMtu(local, { device, managers });
    const mtu = containerMtu(underlay, local);
    return told === undefined || told === local
      ? { address: local, port: vxlanPort, mtu }
      : { address: told, local, port: vxlanPort, mtu };
  }

  /**
   * The least MTU of the routes to the others. The interface that holds the address need not be the
   * one by which packets leave; it counts for as long as nobody else is known.
   */
  async #pathMtu(
    local: string,
    { device, managers }: { device: Interface; managers: readonly string[] },
  ): Promise<number> {
    const { peers, routeMtus } = this.#source;
    const isSix = (it: string): boolean => it.includes(':');
    const alike = (all: readonly string[]): string[] =>
      all.filter((it) => isSix(it) === isSix(local));
    const addresses = managers
      .flatMap((it) => hostPart(it) ?? [])
      .filter((it) => isIP(it) !== 0 && !it.includes('%'));
    const lists = [peers(), addresses, device.carries ? [] : [FAR[isSix(local) ? 6 : 4]]];
    for (const list of lists) {
      const mtus = await routeMtus(alike(list), local);
      if (mtus.length > 0) return Math.min(...mtus);
    }
    return device.mtu;
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
        if (route?.source !== undefined && !route.toItself) return route.source;
      }
    }
    throw new NoAddressYet(
      `Docker has saved no address of this host, and no route leads to a manager (${managers.join(', ') || 'none is known'}). ` +
        'Set CASTNET_TUNNEL_ADDRESS to an address of this host.',
    );
  }
}
