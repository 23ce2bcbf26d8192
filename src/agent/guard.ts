import { Coalesced } from '../core/coalesced.ts';
import { GUARD_TABLE, guardElements, guardTable } from '../core/guards.ts';
import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import { vniOf } from '../core/names.ts';
import { KeptTable, type TableKernel } from './kept-table.ts';
import type { Log } from './log.ts';

export interface GuardOptions {
  readonly networks: () => Iterable<LocalNetwork>;
  readonly endpoints: () => Iterable<LocalEndpoint>;
  /** Ports whose membership reports are dropped for now, and their bridges. */
  readonly silenced: () => ReadonlyMap<string, string>;
  readonly table: TableKernel;
  /** Whether this kernel's bridges can lock a port to its container's MAC. */
  readonly canLockPorts: () => Promise<boolean>;
  readonly log: Log;
}

/** Keeps the rules of the `castnet` namespace. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #turns = new Coalesced(() => this.#turn());
  readonly #table: KeptTable;
  #lookNow = false;
  /** Why the rules are not in force; empty when they are. */
  problem = '';

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#table = new KeptTable(`bridge ${GUARD_TABLE}`, options.table);
  }

  /** Brings the rules in line with the networks and containers of now. */
  update(): Promise<void> {
    return this.#turns.request();
  }

  /** Looks also whether the rules are still what was written, and puts right what differs. */
  inspect(): Promise<void> {
    this.#lookNow = true;
    return this.#turns.request();
  }

  async #turn(): Promise<void> {
    const { networks, endpoints, silenced, canLockPorts, log } = this.#options;
    const look = this.#lookNow;
    this.#lookNow = false;
    try {
      const macCheck = !(await canLockPorts());
      if (look) await this.#table.look();
      const ports = silenced();
      await this.#table.put({
        table: guardTable(networks(), new Set([...ports.values()].map(vniOf)), macCheck),
        elements: guardElements(networks(), endpoints(), new Set(ports.keys()), macCheck),
      });
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
      log.error({ reason: this.problem }, 'the rules of the namespace were refused');
    }
  }
}
