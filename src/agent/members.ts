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
  /** Events since a reading began: it may be older than they are. */
  #sinceLook: MemberEvent[] = [];

  rows(): Iterable<Membership> {
    return this.#rows.values();
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
    this.#rows = new Map(rows.map((row) => [membershipKey(row), row]));
    for (const event of this.#sinceLook) this.#take(event);
    this.#sinceLook = [];
  }

  event(event: MemberEvent): void {
    this.#sinceLook.push(event);
    this.#take(event);
  }

  #take({ gone, row }: MemberEvent): void {
    if (gone) this.#rows.delete(membershipKey(row));
    else this.#rows.set(membershipKey(row), row);
  }
}
