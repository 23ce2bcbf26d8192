import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import { bridgeName, portName, vxlanOf } from '../core/names.ts';
import { Fault } from '../net/fault.ts';
import type { Loop } from './loop.ts';
import type { Reconciler } from './reconciler.ts';

export interface EphemeralEndpointsOptions {
  readonly reconciler: Pick<Reconciler, 'learn' | 'forget' | 'has'> & {
    readonly loop: Pick<Loop, 'request'>;
  };
  /** Ports that are being made right now: the reconciler leaves them alone. */
  readonly busy: Set<string>;
  /** Something changed that the other hosts are to know. */
  readonly changed: () => void;
  /** Why the kernel has no VXLAN device, in a sentence. */
  readonly whyNoDevice: (network: LocalNetwork) => Promise<string>;
}

/**
 * Endpoints and networks that Docker knows nothing of, as probes have them for some seconds. They
 * are in this host's record and in its kernel like any others, and are forgotten with the agent.
 */
export class EphemeralEndpoints {
  readonly #options: EphemeralEndpointsOptions;
  /** By id; both bounded by the probes that may run at once. */
  readonly #endpoints = new Map<string, LocalEndpoint>();
  readonly #networks = new Map<string, LocalNetwork>();

  constructor(options: EphemeralEndpointsOptions) {
    this.#options = options;
  }

  endpoints(): LocalEndpoint[] {
    return [...this.#endpoints.values()];
  }

  networks(): LocalNetwork[] {
    return [...this.#networks.values()];
  }

  /**
   * Takes an endpoint in.
   * @param make makes its port; when it fails, nothing stays
   */
  async add<T>(endpoint: LocalEndpoint, vni: number, make: () => Promise<T>): Promise<T> {
    const { reconciler, busy, changed } = this.#options;
    const dev = portName(endpoint.id);
    busy.add(dev);
    try {
      const made = await make();
      this.#endpoints.set(endpoint.id, endpoint);
      reconciler.learn({ kind: 'port', dev, bridge: bridgeName(vni), settled: true });
      return made;
    } finally {
      busy.delete(dev);
      changed();
      void reconciler.loop.request();
    }
  }

  /** Lets an endpoint go; its port is gone already. */
  remove(id: string): void {
    const { reconciler, changed } = this.#options;
    this.#endpoints.delete(id);
    reconciler.forget(portName(id));
    changed();
    void reconciler.loop.request();
  }

  /**
   * Takes part in a network.
   * @throws Fault when the kernel refuses its devices; nothing stays then
   */
  async open(network: LocalNetwork): Promise<void> {
    this.#networks.set(network.id, network);
    this.#options.changed();
    await this.#options.reconciler.loop.request();
    if (this.hasEntries([`vxlan ${vxlanOf(network)}`])) return;
    const why = await this.#options.whyNoDevice(network);
    await this.leave(network.id);
    throw new Fault(why);
  }

  /** Leaves a network again; its endpoints must have gone before. */
  async leave(id: string): Promise<void> {
    if (!this.#networks.delete(id)) return;
    this.#options.changed();
    await this.#options.reconciler.loop.request();
  }

  /** Whether the kernel has the entries with these identities, by the last that is known. */
  hasEntries(keys: readonly string[]): boolean {
    return keys.every((key) => this.#options.reconciler.has(key));
  }
}
