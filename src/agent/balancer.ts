import type { TaskCount } from '../contract/answers.ts';
import { Coalesced } from '../core/coalesced.ts';
import { BEGUN, SENT, TABLE } from '../core/services/balancing.ts';
import type { Service } from '../core/services/services.ts';
import { type FirstSeen, warmUp } from '../core/services/warmup.ts';
import { sums } from '../core/views/services-table.ts';
import { ContainerRules, type Lack, type RuledSandboxes, Scripts } from './container-rules.ts';
import type { Log } from './log.ts';

/** The containers' namespaces, as the balancer needs them. */
export interface Sandboxes extends RuledSandboxes {
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
  /** The namespaces that an earlier agent may have written rules into. */
  readonly earlier?: ReadonlySet<string>;
  readonly log: Log;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
}

/**
 * Namespaces worked on at once. nft waits for the kernel at its end, until no packet uses the old
 * rules any more: 10 ms and more, in which others may work.
 */
const AT_ONCE = 16;

/**
 * How many namespaces `inspect` looks into whose containers cannot change their rules, and in which of its
 * turns: only somebody from outside can have. A look costs 4 ms of a core. Without the rules of groups alone
 * a container's packets are dearer, and arrive all the same: they are looked at more rarely.
 */
const IN_TURN = 4;
const EVERY_TURNS = 3;
const GROUPS_EVERY_TURNS = 12;

/** In how many turns Docker is asked anew who may change rules, after other containers have come or gone. */
const ASKED_TURNS = 3;

/**
 * How long others wait for one container, milliseconds. One with thousands of rules of its own, or that
 * changes them all the time, can make nft take seconds in its namespace.
 */
const PATIENCE_MS = 500;

/** Keeps the rules of every container of this host, each by a loop of its own. */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #now: () => number;
  /** By namespace; bounded by this host's containers. Those looked into longest ago come first. */
  readonly #containers = new Map<string, ContainerRules>();
  /** Those that took longer than others wait for; bounded by this host's containers. */
  readonly #slow = new Set<string>();
  readonly #scripts = new Scripts();
  /** Bounded by the tasks of the services that this host reaches. */
  #seen: FirstSeen = new Map();
  #warm: NodeJS.Timeout | undefined;
  readonly #runs = new Coalesced(() => this.#run());
  #closed = false;
  /** How often `inspect` has been called. */
  #turns = 0;
  /** Who may change their rules, of which containers it was asked, and since which turn. */
  #mayChange: ReadonlySet<string> = new Set();
  #askedOf: string | undefined;
  #askedSince = 0;

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
    if (services === undefined) return;
    const brought = this.#bring(path, services);
    // Of groups all arrives without rules too.
    if (services.length > 0) await brought;
  }

  /** The same for a namespace that may have the rules of an earlier agent: then they stay for now. */
  async prepareIfNone(path: string): Promise<void> {
    if (!(await this.#container(path).areThere())) await this.prepare(path);
  }

  /** The namespaces that lack the rules they should have, and why; those of a moment among them. */
  lacking(): Lack[] {
    return [...this.#containers.values()].flatMap((it) => it.lack ?? []);
  }

  /**
   * From now on the rules stay as they are. An agent that stops ends its sessions, after which it
   * knows of no task of other hosts: its containers must not be written that.
   */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#warm);
    for (const { loop } of this.#containers.values()) loop.close();
  }

  /**
   * Looks whether the rules are still there as they were written, and writes them anew where they are
   * not: each time in the containers that may change them, and in turn in a few of the others.
   */
  async inspect(): Promise<void> {
    if (this.#closed) return;
    const ruled = [...this.#containers].filter(([, it]) => it.areInForce);
    if (ruled.length === 0) return;
    const turn = this.#turns++;
    const able = await this.#able(turn);
    const others = ruled
      .filter(([path, it]) => {
        const every = it.balances ? EVERY_TURNS : GROUPS_EVERY_TURNS;
        return turn % every === 0 && !able.has(path);
      })
      .slice(0, IN_TURN);
    for (const [path, container] of [...ruled.filter(([path]) => able.has(path)), ...others]) {
      // It is gone, or was closed, while others were looked into.
      if (this.#closed || this.#containers.get(path) !== container) continue;
      this.#containers.delete(path);
      this.#containers.set(path, container);
      await this.#inTime(path, container.loop.request(true));
    }
  }

  /** A container's rights never change; one that is starting Docker names only once it runs. */
  async #able(turn: number): Promise<ReadonlySet<string>> {
    const { sandboxes, log } = this.#options;
    const of = [...this.#containers.keys()].sort().join();
    if (of !== this.#askedOf) this.#askedSince = turn;
    this.#askedOf = of;
    if (turn - this.#askedSince >= ASKED_TURNS && turn % EVERY_TURNS !== 0) return this.#mayChange;
    try {
      this.#mayChange = (await sandboxes.mayChange?.()) ?? new Set();
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'who may change rules is not known');
      this.#mayChange = new Set();
      this.#askedOf = undefined;
    }
    return this.#mayChange;
  }

  /** What this host's containers sent to each task, since their rules were made. */
  async counts(): Promise<TaskCount[]> {
    const found: TaskCount[] = [];
    // A list of its own: whoever is looked into meanwhile moves to the end, and would come twice.
    for (const [path, { balances }] of [...this.#containers]) {
      if (!balances) continue;
      // One that put something else in the place of its counters is not counted.
      const counts = this.#countsOf(path)
        .catch(() => [])
        .then((it) => void found.push(...it));
      await this.#inTime(path, counts);
    }
    return sums(found);
  }

  async #countsOf(path: string): Promise<TaskCount[]> {
    const { sandboxes } = this.#options;
    const begun = (await sandboxes.pairCounters?.(path, TABLE, BEGUN)) ?? [];
    const sent = (await sandboxes.pairCounters?.(path, TABLE, SENT)) ?? [];
    const connections = new Map(begun.map((it) => [it.pair.join(' '), it.packets]));
    return sent.map(({ pair: [vip, task], packets, bytes }) => ({
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
    for (const [path, { loop }] of this.#containers) {
      if (desired.has(path)) continue;
      loop.close();
      this.#containers.delete(path);
      this.#slow.delete(path);
    }
    const work = [...desired];
    const worker = async (): Promise<void> => {
      for (let next = work.pop(); next !== undefined; next = work.pop()) {
        const [path, services] = next;
        if (this.#containers.get(path)?.isAtRest(services)) continue;
        await this.#inTime(path, this.#bring(path, services));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /**
   * Waits for work in one container's namespace, and not long: it goes on by itself. For one that was slow
   * the last time nobody waits, until it is quick again.
   */
  async #inTime(path: string, work: Promise<void>): Promise<void> {
    const began = this.#now();
    const done = work.finally(() => {
      if (this.#now() - began > PATIENCE_MS) this.#slow.add(path);
      else this.#slow.delete(path);
    });
    if (this.#slow.has(path)) {
      done.catch((error: Error) =>
        this.#options.log.debug({ path, reason: error.message }, 'slow'),
      );
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#slow.add(path);
        resolve();
      }, PATIENCE_MS).unref();
    });
    await Promise.race([done, patience]);
    clearTimeout(timer);
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

  #bring(path: string, services: readonly Service[]): Promise<void> {
    const container = this.#container(path);
    container.desired = services;
    return container.loop.request();
  }

  #container(path: string): ContainerRules {
    const { sandboxes, log } = this.#options;
    const isNew = this.#options.earlier?.has(path) !== true;
    const made = { path, sandboxes, scripts: this.#scripts, isNew, log, now: this.#now };
    const container = this.#containers.get(path) ?? new ContainerRules(made);
    this.#containers.set(path, container);
    return container;
  }
}
