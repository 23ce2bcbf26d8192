import { isSource } from '../net/group.ts';

/** How long a host counts as a peer before Docker lists it, milliseconds. */
const COUNTS_MS = 30_000;
/** How long one is remembered for `hush`, milliseconds: leaving a Swarm and joining one takes up to a minute. */
const REMEMBERED_MS = 300_000;
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Hosts that are peers though Docker does not list them yet: its gossip may tell of them only
 * seconds later. Bounded by the sessions there are, and by what `Meetings` grants.
 */
export class UnlistedPeers {
  readonly #now: () => number;
  /** When each was last met, milliseconds: with a reason to tell of it, and without. */
  readonly #met = new Map<string, { readonly loud: number; readonly quiet: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * From now on, and for as long as the gossip may take, these count. A session that ended before it
   * was looked at has no address.
   */
  add(...addresses: readonly string[]): void {
    const loud = this.#now();
    for (const it of addresses.filter(isSource)) {
      this.#met.set(it, { quiet: NEVER, ...this.#met.get(it), loud });
    }
  }

  /** The same of hosts that no container needs: that they do not answer is nothing to tell. */
  addQuietly(...addresses: readonly string[]): void {
    const quiet = this.#now();
    for (const it of addresses.filter(isSource)) {
      this.#met.set(it, { loud: NEVER, ...this.#met.get(it), quiet });
    }
  }

  /** Whether a host counts for no other reason than `addQuietly`. */
  isQuiet(address: string): boolean {
    const met = this.#met.get(address);
    return met !== undefined && this.#isOld(met.loud) && !this.#isOld(met.quiet);
  }

  /**
   * This host is another node now, and whom it met was of the Swarm before: they are tried anew, for
   * hosts may have gone to a new Swarm together, but that they do not answer is nothing to tell.
   */
  hush(): void {
    const quiet = this.#now();
    for (const address of this.#met.keys()) this.#met.set(address, { loud: NEVER, quiet });
  }

  /** The addresses of those that count. */
  addresses(): string[] {
    const forgotten = this.#now() - REMEMBERED_MS;
    for (const [address, { loud, quiet }] of this.#met) {
      if (Math.max(loud, quiet) < forgotten) this.#met.delete(address);
    }
    const counting = [...this.#met].filter(
      ([, { loud, quiet }]) => !this.#isOld(Math.max(loud, quiet)),
    );
    return counting.map(([address]) => address);
  }

  #isOld(at: number): boolean {
    return at < this.#now() - COUNTS_MS;
  }
}
