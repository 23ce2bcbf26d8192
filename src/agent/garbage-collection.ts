import { portName } from '../core/names.ts';
import type { SwarmView } from '../docker/watch.ts';
import type { Log } from './log.ts';
import type { State } from './state.ts';

export interface GarbageCollectorOptions {
  readonly state: State;
  /** As `sandboxIdentity` of the kernel: undefined while there is no namespace. */
  readonly identity: (sandbox: string) => string | undefined;
  /** Endpoints were dropped whose ports are still there. */
  readonly changed: () => void;
  readonly deleteEndpoint: (network: string, id: string) => Promise<void>;
  readonly deleteNetwork: (id: string) => Promise<void>;
  readonly log: Log;
  readonly now: () => number;
}

/** What Docker made and seems to have forgotten is kept this long, milliseconds. */
const FORGET_AFTER_MS = 60_000;

/** An endpoint's namespace as it was first seen at Docker's path, and whether it was missing at the last look. */
interface Namespace {
  readonly sandbox: string;
  readonly identity: string;
  missing: boolean;
}

/** Takes away what a crashed Engine made and never took away itself. */
export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  /** Networks that Docker did not list, and since when; bounded by this host's networks. */
  readonly #unlistedSince = new Map<string, number>();
  /** By endpoint; bounded by this host's. */
  #namespaces = new Map<string, Namespace>();

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    // Docker begins to take away what died with it when this agent answers it, and so after this.
    this.dropWithoutNamespace();
  }

  /**
   * A container that died with Docker takes its veth pair along, and Docker does not say so.
   * @param ports the bridge ports that a look found
   * @param began when that look began, milliseconds: what was made since is not in it
   */
  dropDeadEndpoints(ports: ReadonlySet<string>, began: number): void {
    const { state, log } = this.#options;
    for (const { id, since, exposed } of [...state.endpoints.values()]) {
      // The host's own is made anew: whoever holds its address is not behind that port.
      if (ports.has(portName(id)) || since >= began || exposed) continue;
      state.endpoints.delete(id);
      log.info({ endpoint: id }, 'the endpoint is gone with its container');
    }
  }

  /**
   * A container's port may outlive it: the kernel keeps a dead process's TCP connection until the other
   * side has answered its end, some two minutes at the most (tcp(7), tcp_orphan_retries), and the connection
   * keeps its namespace, which keeps the link. Nothing shows it: the namespace has no process, file or
   * mount any more. But Docker has unmounted it, or mounted another at its place (moby 20.10, libnetwork,
   * osl/namespace_linux.go, createNetworkNamespace), which it does to none that it uses. Of two looks,
   * since an endpoint that is dropped loses its port.
   */
  dropWithoutNamespace(): void {
    const { state, identity, changed, log } = this.#options;
    const before = this.#namespaces;
    this.#namespaces = new Map();
    let dropped = 0;
    for (const { id, holder, sandbox = holder } of [...state.endpoints.values()]) {
      if (sandbox === undefined) continue;
      const now = identity(sandbox);
      const known = before.get(id);
      const first = known?.sandbox === sandbox ? known.identity : now;
      // It is still to come: up to Docker 27 that is after Join.
      if (first === undefined) continue;
      const missing = now !== first;
      if (!missing || !known?.missing) {
        this.#namespaces.set(id, { sandbox, identity: first, missing });
        continue;
      }
      state.endpoints.delete(id);
      dropped++;
      log.info({ endpoint: id }, 'the endpoint is gone with its namespace');
    }
    if (dropped > 0) changed();
  }

  /** Lets go of what Docker has not listed for a minute and no container uses. */
  forget(view: SwarmView): void {
    const { state, now, log, deleteEndpoint, deleteNetwork } = this.#options;
    const old = now() - FORGET_AFTER_MS;
    for (const it of [...state.endpoints.values()]) {
      const { id, network, holder, sandbox = holder, since } = it;
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
