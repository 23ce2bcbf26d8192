import { elementChanges, guardElements, guardTable } from '../core/guards.ts';
import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import { vniOf } from '../core/names.ts';
import type { Log } from './log.ts';
import { OneAfterAnother } from './one-after-another.ts';

export interface GuardOptions {
  readonly networks: () => Iterable<LocalNetwork>;
  readonly endpoints: () => Iterable<LocalEndpoint>;
  /** Ports whose membership reports are dropped for now, and their bridges. */
  readonly silenced: () => ReadonlyMap<string, string>;
  /** @throws Error in nft's words; nothing of the script is in force then */
  readonly applyRules: (script: string) => Promise<void>;
  readonly rulesThere: () => Promise<boolean>;
  /** Whether this kernel's bridges can lock a port to its container's MAC. */
  readonly canLockPorts: () => Promise<boolean>;
  readonly log: Log;
}

/**
 * Keeps the rules of the `castnet` namespace. The table is written anew when a network's settings
 * ask for another, and by single ports otherwise, so that what it counted stays.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #turns = new OneAfterAnother(() => this.#update());
  #table = '';
  #elements: ReadonlySet<string> = new Set();
  /** Why the rules are not in force; empty when they are. */
  problem = '';

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /**
   * Brings the rules in line with the networks and containers of now. Never two at a time: each would
   * remove what the other has removed already, and nft would take neither.
   */
  update(): Promise<void> {
    return this.#turns.request();
  }

  async #update(): Promise<void> {
    const { networks, endpoints, applyRules, log } = this.#options;
    const macCheck = !(await this.#options.canLockPorts());
    const silenced = this.#options.silenced();
    const table = guardTable(networks(), new Set([...silenced.values()].map(vniOf)), macCheck);
    const elements = guardElements(networks(), endpoints(), new Set(silenced.keys()), macCheck);
    const anew = table !== this.#table;
    const changes = elementChanges(anew ? new Set() : this.#elements, elements);
    if (!anew && changes.length === 0) return;
    try {
      await applyRules(`${anew ? table : ''}${changes.join('\n')}\n`);
      this.#table = table;
      this.#elements = elements;
      this.problem = '';
    } catch (error) {
      this.#table = '';
      this.problem = (error as Error).message;
      log.error({ reason: this.problem }, 'the rules of the namespace were refused');
    }
  }

  /** Looks whether the rules are still there, and writes them again if not. */
  async inspect(): Promise<void> {
    if (!(await this.#options.rulesThere())) this.#table = '';
    await this.update();
  }
}
