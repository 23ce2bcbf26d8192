import type { Membership } from '../core/membership.ts';
import { isPort } from '../core/names.ts';
import type { RefusedGroups } from '../core/policy.ts';
import { type MemberEvent, Members } from './members.ts';
import { ROWS_MOST, Silencer, type SilencerOptions } from './silencer.ts';

/** What this host's containers have joined, of those that are listened to. */
export class Audience {
  readonly #members = new Members();
  readonly #silencer: Silencer;

  constructor(options: SilencerOptions) {
    this.#silencer = new Silencer(options);
  }

  /** What containers of a bridge have joined. */
  rows(bridge: string): Membership[] {
    return this.#members.rows(bridge, this.#silencer.ports());
  }

  /** The bridge of each container that is not listened to for now, by its port. */
  silenced(): Map<string, string> {
    return this.#silencer.ports();
  }

  /** Those of a bridge, as `castnet groups` and the log name them. */
  refused(bridge: string): RefusedGroups[] {
    return this.#silencer.refused(bridge);
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
    for (const row of rows) this.#bound(row);
    void this.#silencer.release((port) => ports.has(port));
  }

  /** Takes what the kernel tells between readings. */
  event(event: MemberEvent): void {
    this.#members.event(event);
    this.#bound(event.row);
  }

  #bound(row: Membership): void {
    const rows = this.#members.count(row.port);
    if (rows > ROWS_MOST && isPort(row.port)) void this.#silencer.take(row, rows);
  }
}
