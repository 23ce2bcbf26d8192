import type { TaskCount } from '../contract/answers.ts';
import {
  BEGUN,
  freshTable,
  LANDMARK,
  PASSED,
  TABLE,
  tableChanges,
  wholeTable,
} from '../core/balancing.ts';
import { Coalesced } from '../core/coalesced.ts';
import type { Service } from '../core/services.ts';
import { sums } from '../core/services-table.ts';
import { type FirstSeen, warmUp } from '../core/warmup.ts';
import type { Log } from './log.ts';

/** The containers' namespaces, as the balancer needs them. */
export interface Sandboxes {
  identity(path: string): string | undefined;
  applyRules(path: string, script: string): Promise<void>;
  listTable(path: string, table: string): Promise<string | undefined>;
  /**
   * Bounds what leaves by the interface with this MAC, bytes.
   * @throws Error when the namespace has no interface with this MAC, or is gone
   */
  limitRoutes?(path: string, mac: string, mtu: number | undefined): Promise<void>;
  pairCounters?(path: string, table: string, set: string): Promise<readonly PairCount[]>;
  /** Those whose containers may change their own rules; without it, nobody knows of any. */
  mayChange?(): Promise<ReadonlySet<string>>;
}

export interface PairCount {
  readonly pair: readonly [string, string];
  readonly packets: number;
  readonly bytes: number;
}

export interface BalancerOptions {
  readonly sandboxes: Sandboxes;
  /**
   * What each container of this host is to reach, by the path of its namespace; undefined while that is
   * not known, and what an earlier agent wrote stays.
   */
  readonly desired: () => ReadonlyMap<string, readonly Service[]> | undefined;
  /** The same as far as it is known, for a namespace that has no rules yet. */
  readonly prospect?: () => ReadonlyMap<string, readonly Service[]>;
  readonly log: Log;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
}

/** The rules in force in one namespace, as this agent wrote them. */
interface InForce {
  readonly identity: string;
  readonly services: readonly Service[];
}

/** After rules could not be written they are tried again, milliseconds. */
const RETRY_MS = 1_000;

/** A namespace that lacks the rules it should have. */
export interface Lack {
  readonly sandbox: string;
  /** Milliseconds, by the balancer's clock. */
  readonly since: number;
  readonly reason: string;
}

/**
 * Namespaces worked on at once. nft waits for the kernel at its end, until no packet uses the old
 * rules any more: 10 ms and more, in which others may work.
 */
const AT_ONCE = 16;

/**
 * How many namespaces `inspect` looks into whose containers cannot change their rules: only
 * somebody from outside can have. A look costs 4 ms of a core.
 */
const IN_TURN = 8;

/**
 * Keeps the balancing rules of every container of this host. A namespace is written whole once, and
 * by its differences after that.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #now: () => number;
  /** Bounded by the containers of this host. Those looked into longest ago come first. */
  readonly #inForce = new Map<string, InForce>();
  /** Those that lack the rules they should have; bounded by the containers of this host. */
  readonly #lacking = new Map<string, Lack>();
  /** What is being written now, by namespace: two writers would mistake each other's for strange. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Bounded by the tasks of the services that this host reaches. */
  #seen: FirstSeen = new Map();
  #warm: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #runs = new Coalesced(() => this.#run());
  #closed = false;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Brings every namespace up to date; calls during a run are one more run. */
  update(): Promise<void> {
    return this.#runs.request();
  }

  /**
   * Writes one namespace's rules before those of all others that wait, from what is known now: a
   * container is about to start. It never fails: see `lacking`.
   */
  async prepare(path: string): Promise<void> {
    if (this.#closed) return;
    const { desired, prospect } = this.#options;
    const all = prospect?.() ?? desired();
    const services = all === undefined ? undefined : this.#warmed(all).get(path);
    if (services !== undefined) await this.#bring(path, services, new Scripts());
  }

  /** The same for a namespace that may have the rules of an earlier agent: then they stay for now. */
  async prepareIfNone(path: string): Promise<void> {
    if (this.#inForce.has(path)) return;
    const text = await this.#options.sandboxes.listTable(path, TABLE).catch(() => undefined);
    if (!text?.includes(LANDMARK)) await this.prepare(path);
  }

  /** The namespaces that lack the rules they should have, and why; those of a moment among them. */
  lacking(): Lack[] {
    return [...this.#lacking.values()];
  }

  /**
   * From now on the rules stay as they are. An agent that stops ends its sessions, after which it
   * knows of no task of other hosts: its containers must not be written that.
   */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#warm);
    clearTimeout(this.#retry);
  }

  /** Looks whether the rules are still there: a container may have flushed its own. */
  async inspect(): Promise<void> {
    const { sandboxes, log } = this.#options;
    const able = await this.#able();
    const ruled = [...this.#inForce].filter(([, { services }]) => services.length > 0);
    const others = ruled.filter(([path]) => !able.has(path)).slice(0, IN_TURN);
    for (const [path, found] of [...ruled.filter(([path]) => able.has(path)), ...others]) {
      const text = await sandboxes.listTable(path, TABLE);
      // It was written anew, or is gone, while this looked.
      if (this.#inForce.get(path) !== found) continue;
      this.#inForce.delete(path);
      if (text?.includes(LANDMARK)) this.#inForce.set(path, found);
      else log.warn({ sandbox: path }, 'the balancing rules were gone');
    }
    await this.update();
  }

  async #able(): Promise<ReadonlySet<string>> {
    const { sandboxes, log } = this.#options;
    try {
      return (await sandboxes.mayChange?.()) ?? new Set();
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'who may change rules is not known');
      return new Set();
    }
  }

  /** What this host's containers sent to each task, since their rules were made. */
  async counts(): Promise<TaskCount[]> {
    const found: TaskCount[] = [];
    // A list of its own: whoever is looked into meanwhile moves to the end, and would come twice.
    for (const path of [...this.#inForce.keys()]) found.push(...(await this.#countsOf(path)));
    return [...sums([{ counts: found }]).values()];
  }

  async #countsOf(path: string): Promise<TaskCount[]> {
    const { sandboxes } = this.#options;
    const begun = (await sandboxes.pairCounters?.(path, TABLE, BEGUN)) ?? [];
    const passed = (await sandboxes.pairCounters?.(path, TABLE, PASSED)) ?? [];
    const connections = new Map(begun.map((it) => [it.pair.join(' '), it.packets]));
    return passed.map(({ pair: [vip, task], packets, bytes }) => ({
      vip,
      task,
      connections: connections.get(`${vip} ${task}`) ?? 0,
      packets,
      bytes,
    }));
  }

  async #run(): Promise<void> {
    if (this.#closed) return;
    const known = this.#options.desired();
    if (known === undefined) return;
    const desired = this.#warmed(known);
    for (const path of this.#lacking.keys()) {
      if (!desired.has(path)) this.#lacking.delete(path);
    }
    for (const path of this.#inForce.keys()) {
      if (!desired.has(path)) this.#inForce.delete(path);
    }
    const work = [...desired];
    const scripts = new Scripts();
    const worker = async (): Promise<void> => {
      for (let next = work.pop(); next !== undefined; next = work.pop()) {
        await this.#bring(...next, scripts);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /** The same with the tasks that have just come held back; it comes again when they are warm. */
  #warmed(
    desired: ReadonlyMap<string, readonly Service[]>,
  ): ReadonlyMap<string, readonly Service[]> {
    const lists = new Map([...desired.values()].map((it) => [it, it]));
    const all = new Map([...lists.keys()].flat().map((it) => [it.vip, it]));
    const now = this.#now();
    const { services, seen, next } = warmUp(all.values(), this.#seen, now);
    this.#seen = seen;
    for (const list of lists.keys()) {
      lists.set(
        list,
        list.map((it) => services.get(it.vip) ?? it),
      );
    }
    clearTimeout(this.#warm);
    if (next !== undefined) {
      this.#warm = setTimeout(() => void this.update(), Math.max(1, next - now)).unref();
    }
    return new Map([...desired].map(([path, list]) => [path, lists.get(list) ?? list]));
  }

  /** One writer of a namespace at a time. */
  #bring(path: string, services: readonly Service[], scripts: Scripts): Promise<void> {
    const before = this.#turns.get(path);
    const turn = (before ?? Promise.resolve()).then(() => this.#write(path, services, scripts));
    this.#turns.set(path, turn);
    return turn.finally(() => {
      if (this.#turns.get(path) === turn) this.#turns.delete(path);
    });
  }

  async #write(path: string, services: readonly Service[], scripts: Scripts): Promise<void> {
    const { sandboxes, log } = this.#options;
    const before = this.#inForce.get(path);
    // A container that reaches no service pays nothing for those of others.
    if (before === undefined && services.length === 0) {
      this.#lacking.delete(path);
      return;
    }
    const identity = sandboxes.identity(path);
    if (identity === undefined) {
      this.#lacks(path, 'its network namespace is not at that path');
      return;
    }
    const known = before?.identity === identity ? before.services : undefined;
    if (known === undefined && services.length === 0) return;
    const script = scripts.of(known, services);
    if (script === '') return;
    try {
      await sandboxes.applyRules(path, script).catch((error: Error) => {
        if (known !== undefined) throw error;
        // What is there is not ours, or of another version.
        return sandboxes.applyRules(path, freshTable(services));
      });
      this.#inForce.set(path, { identity, services });
      this.#lacking.delete(path);
      log.debug({ sandbox: path, services: services.length }, 'balancing rules changed');
    } catch (error) {
      // Written whole next time, whatever is there now.
      this.#inForce.delete(path);
      if (sandboxes.identity(path) !== identity) return;
      const reason = (error as Error).message;
      this.#lacks(path, reason);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        void this.update();
      }, RETRY_MS).unref();
      log.warn({ sandbox: path, reason }, 'no balancing rules');
    }
  }

  #lacks(sandbox: string, reason: string): void {
    const since = this.#lacking.get(sandbox)?.since ?? this.#now();
    this.#lacking.set(sandbox, { sandbox, since, reason });
  }
}

/** What one run writes: containers on the same networks get the same script, made once. */
class Scripts {
  readonly #made = new Map<unknown, Map<unknown, string>>();

  of(before: readonly Service[] | undefined, after: readonly Service[]): string {
    const made = this.#made.get(before) ?? new Map<unknown, string>();
    this.#made.set(before, made);
    const script =
      made.get(after) ?? (before === undefined ? wholeTable(after) : tableChanges(before, after));
    made.set(after, script);
    return script;
  }
}
