import { type Membership, membershipKey } from '../core/membership.ts';

/** A membership that appeared, changed or went, as the kernel's events tell it. */
export interface MemberEvent {
  readonly gone: boolean;
  readonly row: Membership;
}

/**
 * The memberships of all local containers: a whole reading now and then, events between. Bounded
 * by the bridges' own limit of rows.
 */
export class Members {
  #rows = new Map<string, Membership>();
  /** Rows of each port; bounded by the ports. */
  #counts = new Map<string, number>();
  /** Events since a reading began: it may be older than they are. */
  #sinceLook: MemberEvent[] = [];

  /** How many rows a port has. */
  count(port: string): number {
    return this.#counts.get(port) ?? 0;
  }

  /** @param without ports whose rows are left out */
  *rows(without: ReadonlyMap<string, unknown>): Iterable<Membership> {
    for (const row of this.#rows.values()) if (!without.has(row.port)) yield row;
  }

  /** A reading begins; events from now on are newer than it may be. */
  beginLook(): void {
    this.#sinceLook = [];
  }

  /**
   * Takes a whole reading, then the events that came meanwhile once more: each of them is at
   * least as new as the reading, and told twice it says the same.
   */
  look(rows: readonly Membership[]): void {
    this.#rows.clear();
    this.#counts.clear();
    for (const row of rows) this.#take({ gone: false, row });
    for (const event of this.#sinceLook) this.#take(event);
    this.#sinceLook = [];
  }

  event(event: MemberEvent): void {
    this.#sinceLook.push(event);
    this.#take(event);
  }

  #take({ gone, row }: MemberEvent): void {
    const key = membershipKey(row);
    const before = this.#rows.size;
    if (gone) this.#rows.delete(key);
    else this.#rows.set(key, row);
    const count = this.count(row.port) + this.#rows.size - before;
    if (count === 0) this.#counts.delete(row.port);
    else this.#counts.set(row.port, count);
  }
}
