import { isSource } from '../net/group.ts';

/** How long a host counts as a peer before Docker lists it, milliseconds. */
const COUNTS_MS = 30_000;

/**
 * Hosts that are peers though Docker does not list them yet: its gossip may tell of them only
 * seconds later. Bounded by the sessions there are.
 */
export class Acquaintances {
  readonly #now: () => number;
  readonly #since = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * From now on, and for as long as the gossip may take, these count. A session that ended before it
   * was looked at has no address.
   */
  meet(...addresses: readonly string[]): void {
    for (const address of addresses.filter(isSource)) this.#since.set(address, this.#now());
  }

  /** The addresses of those that count. */
  addresses(): string[] {
    const old = this.#now() - COUNTS_MS;
    for (const [address, since] of this.#since) {
      if (since < old) this.#since.delete(address);
    }
    return [...this.#since.keys()];
  }
}
