import { Allowance } from '../core/allowance.ts';
import type { Asker } from '../core/visible.ts';

export interface MeetingsOptions {
  /** Addresses of the Swarm's nodes; undefined on a worker, whose Engine does not tell them. */
  readonly nodes: () => ReadonlySet<string> | undefined;
  /** What a worker knows of Docker's: who shares its networks, and the managers. */
  readonly known: () => ReadonlySet<string>;
  /** Those with whom there are sessions anyway. */
  readonly peers: () => ReadonlySet<string>;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/** Addresses that one host may have this one try: at once, and again within a minute. */
const OF_ONE = { burst: 1024, perSecond: 1024 / 60 };
/** The same of all together. */
const OF_ALL = { burst: 4096, perSecond: 4096 / 60 };
/** Askers remembered; as many as there may be sessions. */
const ASKERS_MOST = 1024;

/**
 * Which hosts this one tries to speak with because another asks it to, for a checkup. Otherwise whoever has
 * a session could have every agent of the Swarm try every address.
 */
export class Meetings {
  readonly #options: MeetingsOptions;
  readonly #all: Allowance;
  /** By node; bounded by ASKERS_MOST. */
  readonly #askers = new Map<string, Allowance>();

  constructor(options: MeetingsOptions) {
    this.#options = options;
    this.#all = new Allowance(OF_ALL, options.now());
  }

  /**
   * Those of the addresses that are tried: nodes of the Swarm by Docker's word. A worker knows only some
   * of them, and takes a manager's word for the others, whose Engine has the list.
   */
  granted(hosts: readonly string[], by: Asker): string[] {
    const now = this.#options.now();
    const peers = this.#options.peers();
    const nodes = this.#options.nodes();
    const known = nodes ?? this.#options.known();
    const isNode = (it: string) => known.has(it) || (nodes === undefined && by.manager);
    const fresh = [...new Set(hosts)].filter((it) => !peers.has(it) && isNode(it));
    const own = this.#allowanceOf(by.node, now);
    const room = Math.floor(Math.min(own.left(now), this.#all.left(now)));
    const granted = fresh.slice(0, room);
    own.take(now, granted.length);
    this.#all.take(now, granted.length);
    return granted;
  }

  #allowanceOf(node: string, now: number): Allowance {
    const found = this.#askers.get(node);
    if (found !== undefined) return found;
    const [oldest] = this.#askers.keys();
    if (this.#askers.size >= ASKERS_MOST && oldest !== undefined) this.#askers.delete(oldest);
    const made = new Allowance(OF_ONE, now);
    this.#askers.set(node, made);
    return made;
  }
}
