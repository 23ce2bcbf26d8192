import type { Membership } from '../core/membership/membership.ts';
import type { RefusedGroups } from '../core/membership/policy.ts';
import type { Log } from './log.ts';

/**
 * How many rows of the bridge's table one container may fill: no network admits more groups of one
 * (`MAX_GROUPS_MOST`), and the table holds many times as many.
 */
export const ROWS_MOST = 16_384;

/** How long such a container is not listened to, milliseconds. */
export const SILENT_MS = 60_000;

export interface MembershipQuotaOptions {
  /** Makes `silenced` the ports whose reports are dropped from now on. */
  readonly enforce: () => Promise<void>;
  /** Empties a port's rows; when the port is back, the bridge asks it for its members. */
  readonly flush: (port: string) => Promise<void>;
  readonly log: Log;
  readonly now: () => number;
}

interface Silenced {
  readonly bridge: string;
  readonly rows: number;
  readonly example: string;
  readonly until: number;
}

/**
 * Keeps one container from filling a bridge's multicast table for all others: a kernel whose table
 * is full stops to snoop at all (net/bridge/br_multicast.c). Such a container's rows are flushed and
 * its IGMP and MLD are dropped for a minute; after that it is asked again.
 */
export class MembershipQuota {
  readonly #options: MembershipQuotaOptions;
  /** By port; bounded by the containers of this host. */
  readonly #silenced = new Map<string, Silenced>();

  constructor(options: MembershipQuotaOptions) {
    this.#options = options;
  }

  /** The bridge of each silenced port. */
  ports(): Map<string, string> {
    return new Map([...this.#silenced].map(([port, { bridge }]) => [port, bridge]));
  }

  /** As `castnet groups` and the log name them. */
  refused(bridge: string): RefusedGroups[] {
    return [...this.#silenced].flatMap(([port, it]) =>
      it.bridge === bridge ? [{ port, count: it.rows, example: it.example, reason: REASON }] : [],
    );
  }

  /**
   * Takes a port with too many rows.
   * @param rows how many it has
   * @param row one of them
   */
  async take({ bridge, port, group }: Membership, rows: number): Promise<void> {
    const { log, now } = this.#options;
    if (this.#silenced.has(port)) return;
    this.#silenced.set(port, { bridge, rows, example: group, until: now() + SILENT_MS });
    log.warn({ port, bridge, rows, group }, `a container is silenced: ${REASON}`);
    await this.#carryOut(port);
  }

  /** The timer's turn: those whose time is over are listened to again, those that went forgotten. */
  async release(isThere: (port: string) => boolean): Promise<void> {
    const now = this.#options.now();
    for (const [port, { until }] of this.#silenced) {
      if (now < until && isThere(port)) continue;
      this.#silenced.delete(port);
      if (isThere(port)) await this.#carryOut(port);
    }
  }

  async #carryOut(port: string): Promise<void> {
    const { enforce, flush, log } = this.#options;
    try {
      await enforce();
      await flush(port);
    } catch (error) {
      log.warn({ port, reason: (error as Error).message }, 'the port could not be flushed');
    }
  }
}

/** Without the count, which the container chooses: this is also a label of a metric. */
const REASON = `it joined more groups at once than the ${ROWS_MOST} that the bridge takes of one container; its IGMP and MLD are dropped for ${SILENT_MS / 1000} s`;
