import type { Asker, Scope } from '../core/visible.ts';
import type { NetworkView, SwarmView } from '../docker/watch.ts';
import type { PeerView } from './swarm-link.ts';

/** How late Docker's gossip may tell of a host that has come to a network, milliseconds. */
export const GRACE_MS = 30_000;

/** Hosts and networks between which a grace runs or is used up; beyond, nobody gets one. */
const GRACES_MOST = 65_536;

export interface AdmissionOptions {
  readonly swarm: () => SwarmView | undefined;
  readonly peers: () => readonly PeerView[];
  /** Docker's ids of the networks of this host; what probes made is not among them. */
  readonly networks: { keys(): Iterable<string>; get(id: string): unknown };
  /** Addresses of hosts to which an earlier agent's entries of a network still lead. */
  readonly before: (network: string) => ReadonlySet<string>;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/** A node of the Swarm, as a session proved it. */
export type Comer = Pick<Asker, 'node' | 'address'>;

interface Admitted {
  /** The last answer of Docker's, told by its identity, and when it came. */
  view: NetworkView | undefined;
  answeredAt: number;
  hosts: ReadonlySet<string>;
  readonly nodes: Set<string>;
}

/**
 * Which other hosts take part in which network of this one: those that Docker lists for it. Docker
 * lists addresses, a session proves a node; the two belong together where the node was met at the address.
 *
 * Docker's gossip may be late by seconds: a host that is not listed yet has a grace, once until it is
 * listed. It also loses hosts that are well, while their Engine restarts: who was listed stays until it
 * says itself that it has nothing of the network any more.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Bounded by the networks of this host; its nodes by those of the Swarm. */
  readonly #networks = new Map<string, Admitted>();
  /** Since when a node wants a network for which Docker does not list it; bounded by GRACES_MOST. */
  readonly #graces = new Map<string, number>();
  /** What `visible` made of a view; stale after each `update`. */
  #seen = new WeakMap<PeerView, PeerView>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Takes what Docker says now, and what the hosts say. */
  update(): void {
    const { swarm, peers, networks, now } = this.#options;
    this.#seen = new WeakMap();
    const own = new Set(networks.keys());
    for (const id of this.#networks.keys()) if (!own.has(id)) this.#networks.delete(id);
    const views = peers();
    for (const id of own) {
      const it = this.#of(id);
      const view = swarm()?.networks.get(id);
      // Each answer of Docker's is a new object, also when it says the same.
      if (view !== it.view) it.answeredAt = now();
      it.view = view;
      it.hosts = new Set(view?.hosts);
      for (const peer of views) this.#judge(id, it, peer);
    }
    for (const key of this.#graces.keys()) {
      if (!own.has(key.slice(0, key.indexOf(' ')))) this.#graces.delete(key);
    }
  }

  /** Whether a host may hear of a network and speak of it; true of one that this host has not. */
  may(network: string, { node, address }: Comer): boolean {
    if (this.#options.networks.get(network) === undefined) return true;
    const it = this.#of(network);
    if (it.nodes.has(node)) return true;
    const swarm = this.#options.swarm();
    // Docker has not said who takes part.
    if (swarm === undefined || swarm.unanswered.has(network)) return true;
    if (it.hosts.has(address) || this.#options.before(network).has(address)) {
      this.#admit(network, it, node);
      return true;
    }
    return this.#hasGrace(`${network} ${node}`, it);
  }

  /** When Docker last answered about a network; negative infinity: it has not. */
  answeredAt(network: string): number {
    return this.#networks.get(network)?.answeredAt ?? Number.NEGATIVE_INFINITY;
  }

  /** What another host may be told of: everything, if it is a manager. */
  scope({ manager, ...comer }: Asker): Scope {
    if (manager) return 'all';
    return new Set(
      [...this.#options.networks.keys()].filter((id) => {
        const it = this.#of(id);
        return it.nodes.has(comer.node) || it.hosts.has(comer.address);
      }),
    );
  }

  /** A host as far as it is to be believed: of networks in which it takes part. */
  visible(peer: PeerView): PeerView {
    const found = this.#seen.get(peer) ?? this.#visible(peer);
    this.#seen.set(peer, found);
    return found;
  }

  #visible(peer: PeerView): PeerView {
    const { node, address } = peer;
    if (node === undefined) return peer;
    const kept = [...peer.networks].filter(([id]) => this.may(id, { node, address }));
    return kept.length === peer.networks.size ? peer : { ...peer, networks: new Map(kept) };
  }

  #judge(network: string, it: Admitted, peer: PeerView): void {
    const { node, address, state, awaited, networks } = peer;
    if (node === undefined) return;
    if (it.hosts.has(address)) {
      this.#admit(network, it, node);
    } else if (state === 'up' && !awaited && !networks.has(network)) {
      // It is not listed, and has nothing of it by its own word.
      it.nodes.delete(node);
    }
  }

  #admit(network: string, it: Admitted, node: string): void {
    it.nodes.add(node);
    this.#graces.delete(`${network} ${node}`);
  }

  #hasGrace(key: string, { answeredAt }: Admitted): boolean {
    const since = this.#graces.get(key);
    // Only an answer of Docker's that came later can say that it is no matter of time.
    if (since !== undefined) return answeredAt - since < GRACE_MS;
    if (this.#graces.size >= GRACES_MOST) return false;
    this.#graces.set(key, this.#options.now());
    return true;
  }

  #of(network: string): Admitted {
    const found = this.#networks.get(network) ?? {
      ...{ view: undefined, answeredAt: Number.NEGATIVE_INFINITY },
      ...{ hosts: new Set<string>(), nodes: new Set<string>() },
    };
    this.#networks.set(network, found);
    return found;
  }
}
