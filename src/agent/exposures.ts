import { type HostRoute, subnetTaken } from '../core/exposure.ts';
import type { LocalNetwork } from '../core/local.ts';
import { hostLinkName } from '../core/names.ts';
import type { Loop } from './loop.ts';
import type { Reconciler } from './reconciler.ts';
import type { KeptEndpoint, State } from './state.ts';

export interface ExposuresOptions {
  readonly state: Pick<State, 'networks' | 'endpoints' | 'endpointsOf'>;
  readonly reconciler: Pick<Reconciler, 'has' | 'refusalOf'> & {
    readonly loop: Pick<Loop, 'request'>;
  };
  /** The rules of the host's own namespace. */
  readonly guard: { readonly loop: Pick<Loop, 'request' | 'problem'> };
  /** The routes of the host's main table, without default routes. */
  readonly hostRoutes: () => Promise<readonly HostRoute[]>;
  /** Addresses of the Swarm's hosts, this one among them. */
  readonly hosts: () => Iterable<string>;
  /** As `sandboxIdentity` of the kernel: undefined while there is no namespace. */
  readonly identity: (sandbox: string) => string | undefined;
}

/**
 * The host's own links to networks. Docker makes an endpoint for a container that holds the address, and
 * instead of a container's interface the host gets a link: the reconciler makes it, as a fact like others.
 */
export class Exposures {
  readonly #options: ExposuresOptions;

  constructor(options: ExposuresOptions) {
    this.#options = options;
  }

  /** The endpoints that are this host's. */
  endpoints(): KeptEndpoint[] {
    return [...this.#options.state.endpoints.values()].filter((it) => it.exposed !== undefined);
  }

  /** The names of their links, sorted. */
  links(): string[] {
    const { networks } = this.#options.state;
    const found = this.endpoints().flatMap(({ network, barred }) =>
      barred === undefined ? (networks.get(network)?.vni ?? []) : [],
    );
    return found.map(hostLinkName).sort();
  }

  /**
   * Gives the host the endpoint's address, unless that cannot be: `lack` tells why. Nothing is thrown, since
   * Swarm would keep the address of an endpoint that is refused (seen with 20.10).
   */
  async make(endpoint: KeptEndpoint, network: LocalNetwork): Promise<void> {
    const { state, reconciler, guard } = this.#options;
    this.#dropDead(network);
    const barred = await this.#bar(endpoint, network);
    state.endpoints.set(barred === undefined ? endpoint : { ...endpoint, barred });
    if (barred !== undefined) return;
    // Before anything can come by it.
    await guard.loop.request();
    await reconciler.loop.request();
  }

  /** Why the host has not the address of one of these endpoints, in words; empty: it has. */
  lack({ network, barred }: KeptEndpoint): string {
    if (barred !== undefined) return barred;
    const { state, reconciler, guard } = this.#options;
    if (guard.loop.problem !== '') return `the kernel refuses rules: ${guard.loop.problem}`;
    const key = `host-link ${hostLinkName(state.networks.get(network)?.vni ?? 0)}`;
    return reconciler.has(key) ? '' : (reconciler.refusalOf(key) ?? 'the kernel has no link yet');
  }

  /** Addresses that the host was given and has not, in sentences. */
  lacking(): string[] {
    return this.endpoints().flatMap((it) => {
      const why = this.lack(it);
      return why === '' ? [] : `${it.address}: ${why}`;
    });
  }

  /** Of an Engine that was killed Docker does not say that its container has gone. */
  #dropDead({ id }: LocalNetwork): void {
    const { state, identity } = this.#options;
    for (const it of state.endpointsOf(id)) {
      if (it.exposed === undefined || it.holder === undefined) continue;
      if (identity(it.holder) === undefined) state.endpoints.delete(it.id);
    }
  }

  async #bar(endpoint: KeptEndpoint, network: LocalNetwork): Promise<string | undefined> {
    const { state, hostRoutes, hosts } = this.#options;
    const { subnet, otherSubnets = [], options } = network;
    const other = state
      .endpointsOf(network.id)
      .find((it) => it.exposed && it.barred === undefined && it.id !== endpoint.id);
    if (other !== undefined) return `this host has ${other.address} on the network already`;
    const dev = hostLinkName(network.vni);
    const subnets = [subnet, ...otherSubnets, options.ipv6].filter((it) => it !== undefined);
    const routes = (await hostRoutes()).filter((it) => it.dev !== dev);
    return subnetTaken(subnets, { routes, peers: hosts() });
  }
}
