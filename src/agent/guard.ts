import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import { vniOf } from '../core/names.ts';
import { GUARD_TABLE, guardElements, guardTable } from '../core/rules/guards.ts';
import { KeptTable, type TableKernel } from './kept-table.ts';
import type { Log } from './log.ts';
import { Loop, type Next, type Target } from './loop.ts';

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

/** The rules of the `castnet` namespace. */
export class Guard implements Target {
  readonly name = 'the rules of the namespace';
  readonly loop: Loop;
  readonly #options: GuardOptions;
  readonly #table: KeptTable;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#table = new KeptTable(`bridge ${GUARD_TABLE}`, options.table);
    this.loop = new Loop(this, options.log);
  }

  async observe(): Promise<void> {
    await this.#table.look();
  }

  async apply(): Promise<Next> {
    const { networks, endpoints, silenced, canLockPorts } = this.#options;
    const macCheck = !(await canLockPorts());
    const ports = silenced();
    await this.#table.put({
      table: guardTable(networks(), new Set([...ports.values()].map(vniOf)), macCheck),
      elements: guardElements(networks(), endpoints(), new Set(ports.keys()), macCheck),
    });
    return 'done';
  }
}
