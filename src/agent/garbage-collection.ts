import { portName } from '../core/names.ts';
import type { SwarmView } from '../docker/watch.ts';
import type { Log } from './log.ts';
import type { State } from './state.ts';

export interface GarbageCollectorOptions {
  readonly state: State;
  readonly deleteEndpoint: (network: string, id: string) => Promise<void>;
  readonly deleteNetwork: (id: string) => Promise<void>;
  readonly log: Log;
  readonly now: () => number;
}

/** What Docker made and seems to have forgotten is kept this long, milliseconds. */
const FORGET_AFTER_MS = 60_000;

/** Takes away what a crashed Engine made and never took away itself. */
export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  /** Networks that Docker did not list, and since when; bounded by this host's networks. */
  readonly #unlistedSince = new Map<string, number>();

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
  }

  /**
   * A container that died with Docker takes its veth pair along, and Docker does not say so.
   * @param ports the bridge ports that a look found
   * @param began when that look began, milliseconds: what was made since is not in it
   */
  dropDeadEndpoints(ports: ReadonlySet<string>, began: number): void {
    const { state, log } = this.#options;
    for (const { id, since } of [...state.endpoints.values()]) {
      if (ports.has(portName(id)) || since >= began) continue;
      state.endpoints.delete(id);
      log.info({ endpoint: id }, 'the endpoint is gone with its container');
    }
  }

  /** Lets go of what Docker has not listed for a minute and no container uses. */
  forget(view: SwarmView): void {
    const { state, now, log, deleteEndpoint, deleteNetwork } = this.#options;
    const old = now() - FORGET_AFTER_MS;
    for (const { id, network, sandbox, since } of [...state.endpoints.values()]) {
      if (view.unanswered.has(network)) continue;
      const listed = view.networks.get(network)?.containers.has(id) === true;
      if (sandbox !== undefined || listed || since > old) continue;
      log.info({ endpoint: id }, 'Docker has forgotten the endpoint');
      void deleteEndpoint(network, id);
    }
    for (const { id } of [...state.networks.values()]) {
      const isKnown = view.networks.has(id) || view.unanswered.has(id);
      if (isKnown || state.endpointsOf(id).length > 0) {
        this.#unlistedSince.delete(id);
        continue;
      }
      // Docker lists a network only some time after it had us make it.
      const since = this.#unlistedSince.get(id) ?? now();
      this.#unlistedSince.set(id, since);
      if (since > old) continue;
      this.#unlistedSince.delete(id);
      log.info({ network: id }, 'Docker has forgotten the network');
      void deleteNetwork(id);
    }
  }
}
