import { TABLE, tableChanges, wholeTable } from '../core/balancing.ts';
import type { Service } from '../core/services.ts';
import type { Log } from './log.ts';

/** The containers' namespaces, as the balancer needs them. */
export interface Sandboxes {
  identity(path: string): string | undefined;
  applyRules(path: string, script: string): Promise<void>;
  listTable(path: string, table: string): Promise<string | undefined>;
}

export interface BalancerOptions {
  readonly sandboxes: Sandboxes;
  /** What each container of this host is to reach, by the path of its namespace. */
  readonly desired: () => ReadonlyMap<string, readonly Service[]>;
  readonly log: Log;
}

/** The rules in force in one namespace, as this agent wrote them. */
interface InForce {
  readonly identity: string;
  readonly services: readonly Service[];
}

/** Namespaces worked on at once: more children than cores only wait for each other. */
const AT_ONCE = 4;

/**
 * Keeps the balancing rules of every container of this host. A namespace is written whole once, and
 * by its differences after that.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  /** Bounded by the containers of this host. */
  readonly #inForce = new Map<string, InForce>();
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /** Brings every namespace up to date; calls during a run are one more run. */
  update(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Looks whether the tables are still there: a container may have flushed its own. */
  async inspect(): Promise<void> {
    for (const [path, { services }] of [...this.#inForce]) {
      if (services.length === 0) continue;
      if ((await this.#options.sandboxes.listTable(path, TABLE)) === undefined) {
        this.#options.log.warn({ sandbox: path }, 'the balancing rules were gone');
        this.#inForce.delete(path);
      }
    }
    await this.update();
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const desired = this.#options.desired();
      for (const path of this.#inForce.keys()) {
        if (!desired.has(path)) this.#inForce.delete(path);
      }
      const work = [...desired];
      const worker = async (): Promise<void> => {
        for (let next = work.pop(); next !== undefined; next = work.pop()) {
          await this.#bring(...next);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }
  }

  async #bring(path: string, services: readonly Service[]): Promise<void> {
    const { sandboxes, log } = this.#options;
    const identity = sandboxes.identity(path);
    if (identity === undefined) return;
    const before = this.#inForce.get(path);
    const known = before?.identity === identity ? before.services : undefined;
    // A container that reaches no service pays nothing for those of others.
    if (known === undefined && services.length === 0) return;
    const script = known === undefined ? wholeTable(services) : tableChanges(known, services);
    if (script === '') return;
    try {
      await sandboxes.applyRules(path, script);
      this.#inForce.set(path, { identity, services });
      log.debug({ sandbox: path, services: services.length }, 'balancing rules changed');
    } catch (error) {
      // Written whole next time, whatever is there now.
      this.#inForce.delete(path);
      if (sandboxes.identity(path) !== identity) return;
      log.warn({ sandbox: path, reason: (error as Error).message }, 'no balancing rules');
    }
  }
}
