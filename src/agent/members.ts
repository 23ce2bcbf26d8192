import { isMembership, type Membership, membershipKey } from '../core/membership/membership.ts';

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
  /** By bridge, then by what makes a row the same. */
  readonly #rows = new Map<string, Map<string, Membership>>();
  /** Rows of each port; bounded by the ports. */
  readonly #counts = new Map<string, number>();
  /** Rows that the last reading lacked, and no event told of. */
  #missed: ReadonlySet<string> = new Set();
  /** Events since a reading began: it may be older than they are. */
  #sinceLook: MemberEvent[] = [];

  /** How many rows a port has. */
  count(port: string): number {
    return this.#counts.get(port) ?? 0;
  }

  /**
   * What containers of a bridge have joined.
   * @param without ports whose rows are left out
   */
  rows(bridge: string, without: ReadonlyMap<string, unknown>): Membership[] {
    const rows = [...(this.#rows.get(bridge)?.values() ?? [])];
    return without.size === 0 ? rows : rows.filter((it) => !without.has(it.port));
  }

  /** A reading begins; events from now on are newer than it may be. */
  beginLook(): void {
    this.#sinceLook = [];
  }

  /**
   * Takes a whole reading, then the events that came meanwhile once more: each of them is at
   * least as new as the reading, and told twice it says the same.
   *
   * The kernel does not read its table in one moment: rows that go meanwhile make it skip others
   * (net/bridge/br_mdb.c counts rows to know where it was). So a row that only a reading lacks is
   * believed gone when the next one lacks it too.
   * @param ports those there are; what others had is gone with them
   */
  look(rows: readonly Membership[], ports: ReadonlySet<string>): void {
    const before = [...this.#rows.values()].flatMap((it) => [...it.values()]);
    this.#rows.clear();
    this.#counts.clear();
    for (const row of rows) this.#take({ gone: false, row });
    const missed = new Set<string>();
    for (const row of before) {
      const key = `${row.bridge} ${membershipKey(row)}`;
      const isThere = this.#rows.get(row.bridge)?.has(membershipKey(row)) === true;
      if (isThere || !ports.has(row.port) || this.#missed.has(key)) continue;
      missed.add(key);
      this.#take({ gone: false, row });
    }
    this.#missed = missed;
    for (const event of this.#sinceLook) this.#take(event);
    this.#sinceLook = [];
  }

  event(event: MemberEvent): void {
    this.#sinceLook.push(event);
    this.#take(event);
  }

  #take({ gone, row }: MemberEvent): void {
    if (!isMembership(row)) return;
    const { bridge, port } = row;
    const own = this.#rows.get(bridge) ?? new Map<string, Membership>();
    this.#rows.set(bridge, own);
    const before = own.size;
    if (gone) own.delete(membershipKey(row));
    else own.set(membershipKey(row), row);
    if (own.size === 0) this.#rows.delete(bridge);
    const count = this.count(port) + own.size - before;
    if (count === 0) this.#counts.delete(port);
    else this.#counts.set(port, count);
  }
}
