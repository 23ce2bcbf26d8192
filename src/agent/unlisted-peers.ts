import { isSource } from '../net/group.ts';

/** How long a host counts as a peer before Docker lists it, milliseconds. */
const COUNTS_MS = 30_000;

/**
 * Hosts that are peers though Docker does not list them yet: its gossip may tell of them only
 * seconds later. Bounded by the sessions there are.
 */
export class UnlistedPeers {
  readonly #now: () => number;
  readonly #since = new Map<string, { readonly at: number; readonly quiet: boolean }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * From now on, and for as long as the gossip may take, these count. A session that ended before it
   * was looked at has no address.
   */
  add(...addresses: readonly string[]): void {
    const met = { at: this.#now(), quiet: false };
    for (const address of addresses.filter(isSource)) this.#since.set(address, met);
  }

  /** The same of hosts that no container needs: that they do not answer is nothing to tell. */
  addQuietly(...addresses: readonly string[]): void {
    const known = new Set(this.addresses());
    const met = { at: this.#now(), quiet: true };
    for (const it of addresses.filter(isSource)) if (!known.has(it)) this.#since.set(it, met);
  }

  /** Whether a host counts for no other reason than `addQuietly`. */
  isQuiet(address: string): boolean {
    return this.#since.get(address)?.quiet === true;
  }

  /**
   * This host is another node now, and whom it met was of the Swarm before: they are still tried, for
   * hosts may have gone to a new Swarm together, but that they do not answer is nothing to tell.
   */
  hush(): void {
    for (const [address, met] of this.#since) this.#since.set(address, { ...met, quiet: true });
  }

  /** The addresses of those that count. */
  addresses(): string[] {
    const old = this.#now() - COUNTS_MS;
    for (const [address, { at }] of this.#since) {
      if (at < old) this.#since.delete(address);
    }
    return [...this.#since.keys()];
  }
}
