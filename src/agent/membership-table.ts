import type { Membership } from '../core/membership/membership.ts';
import type { RefusedGroups } from '../core/membership/policy.ts';
import { isPort } from '../core/names.ts';
import { Churn } from './churn.ts';
import { type MemberEvent, Members } from './members.ts';
import { MembershipQuota, type MembershipQuotaOptions, ROWS_MOST } from './membership-quota.ts';

/** What this host's containers have joined, of those that are listened to. */
export class MembershipTable {
  readonly #members = new Members();
  readonly #quota: MembershipQuota;
  readonly #churn: Churn;

  constructor(options: MembershipQuotaOptions) {
    this.#quota = new MembershipQuota(options);
    this.#churn = new Churn(options.now);
  }

  /** What containers of a bridge have joined. */
  rows(bridge: string): Membership[] {
    return this.#members.rows(bridge, this.#quota.ports());
  }

  /** The bridge of each container that is not listened to for now, by its port. */
  silenced(): Map<string, string> {
    return this.#quota.ports();
  }

  /** Those of a bridge, as `castnet groups` and the log name them. */
  refused(bridge: string): RefusedGroups[] {
    return this.#quota.refused(bridge);
  }

  /** A reading of the kernel's table begins. */
  beginLook(): void {
    this.#members.beginLook();
  }

  /**
   * Takes a whole reading.
   * @param ports those there are
   */
  look(rows: readonly Membership[], ports: ReadonlySet<string>): void {
    this.#members.look(rows, ports);
    this.#churn.keep(ports);
    for (const row of rows) this.#bound(row);
    void this.#quota.release((port) => ports.has(port));
  }

  /** Takes what the kernel tells between readings. */
  event(event: MemberEvent): void {
    if (event.gone && !this.#churn.mayLeave(event.row.port)) return;
    this.#members.event(event);
    this.#bound(event.row);
  }

  #bound(row: Membership): void {
    const rows = this.#members.count(row.port);
    if (rows > ROWS_MOST && isPort(row.port)) void this.#quota.take(row, rows);
  }
}
