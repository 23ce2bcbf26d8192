import { GROUPS_LANDMARK, GROUPS_TABLE, groupsTable } from '../core/rules/untracked-groups.ts';
import {
  freshTable,
  LANDMARK,
  TABLE,
  tableChanges,
  wholeTable,
} from '../core/services/balancing.ts';
import type { Service } from '../core/services/services.ts';
import type { Log } from './log.ts';
import { Loop, type Next, type Target } from './loop.ts';

/** The containers' namespaces, as their rules need them. */
export interface RuledSandboxes {
  identity(path: string): string | undefined;
  applyRules(path: string, script: string): Promise<void>;
  /** nft's text of tables, named with their families; undefined when one of them is not there. */
  listTables(path: string, tables: readonly string[]): Promise<string | undefined>;
  /** Whether what goes to groups passes connection tracking by. */
  readonly untracked: boolean;
}

/** A namespace that lacks the rules it should have. */
export interface Lack {
  readonly sandbox: string;
  /** Milliseconds, by the balancer's clock. */
  readonly since: number;
  readonly reason: string;
}

export interface ContainerRulesOptions {
  /** Of the container's namespace. */
  readonly path: string;
  readonly sandboxes: RuledSandboxes;
  readonly scripts: Scripts;
  /** What an earlier agent had it reach; undefined when none knew this container. */
  readonly earlier: readonly Service[] | undefined;
  readonly log: Log;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

/** The rules in a namespace, as this agent wrote them. */
interface InForce {
  readonly identity: string;
  /** What the balancing rules were made from; undefined: there are none. */
  readonly services: readonly Service[] | undefined;
  /** nft's text of them at the first look since; undefined before that. */
  text?: string;
}

const SERVICES_TABLE = `ip ${TABLE}`;

/**
 * The rules of one container: those of groups, and the balancing rules once it reaches a service. They are
 * written whole once, and by their differences after.
 */
export class ContainerRules implements Target {
  readonly name: string;
  readonly loop: Loop;
  /** What the container is to reach. */
  desired: readonly Service[] = [];
  readonly #options: ContainerRulesOptions;
  #inForce: InForce | undefined;
  /** Whether balancing rules were written whole: when they are again, nobody knows what is there. */
  #wroteWhole = false;
  #lack: Lack | undefined;

  constructor(options: ContainerRulesOptions) {
    this.#options = options;
    this.name = `the rules of ${options.path}`;
    this.loop = new Loop(this, options.log);
  }

  /** Whether this agent wrote some that must stay. */
  get areInForce(): boolean {
    return this.#tables().length > 0;
  }

  /** Whether this agent wrote balancing rules. */
  get balances(): boolean {
    return this.#inForce?.services !== undefined;
  }

  /** Whether nothing is left to do that only a look could tell: it reaches no service, as before. */
  isAtRest(services: readonly Service[]): boolean {
    return services.length === 0 && this.#inForce !== undefined && !this.balances;
  }

  /** Why it has not the rules that it should have; undefined when it has. */
  get lack(): Lack | undefined {
    return this.#lack;
  }

  /** Whether an agent wrote balancing rules, this one or one before it; not, when nobody can tell. */
  async areThere(): Promise<boolean> {
    if (this.balances) return true;
    const { sandboxes, path } = this.#options;
    const text = await sandboxes.listTables(path, [SERVICES_TABLE]).catch(() => undefined);
    return text?.includes(LANDMARK) === true;
  }

  #tables(): string[] {
    if (this.#inForce === undefined) return [];
    return [
      ...(this.#options.sandboxes.untracked ? [GROUPS_TABLE] : []),
      ...(this.balances ? [SERVICES_TABLE] : []),
    ];
  }

  async observe(): Promise<void> {
    const found = this.#inForce;
    // What is not known is written whole, whatever is there.
    const tables = this.#tables();
    if (found === undefined || tables.length === 0) return;
    const { sandboxes, path, log } = this.#options;
    const text = await sandboxes.listTables(path, tables);
    // It was written anew, or is gone, while this looked.
    if (this.#inForce !== found) return;
    const marks = tables.map((it) => (it === GROUPS_TABLE ? GROUPS_LANDMARK : LANDMARK));
    const isWhole = marks.every((it) => text?.includes(it));
    if (text !== undefined && isWhole && text === (found.text ?? text)) found.text = text;
    else {
      this.#inForce = undefined;
      log.warn({ sandbox: path }, 'the rules of a container were gone or changed');
    }
  }

  async apply(): Promise<Next> {
    const { path, sandboxes, log } = this.#options;
    const { desired } = this;
    const before = this.#inForce;
    const identity = sandboxes.identity(path);
    if (identity === undefined) {
      // Without its namespace a container that reaches no service lacks nothing.
      if (before?.services === undefined && desired.length === 0) this.#lack = undefined;
      else this.#lacks('its network namespace is not at that path');
      return 'done';
    }
    const known = before?.identity === identity ? before : undefined;
    // One that reaches no service pays nothing for those of others.
    const needsNone = known?.services === undefined && desired.length === 0;
    const groups = known === undefined ? groupsTable(sandboxes.untracked) : '';
    const script = groups + (needsNone ? '' : this.#script(known?.services));
    if (script === '') return 'done';
    try {
      await sandboxes.applyRules(path, script).catch((error: Error) => {
        if (known?.services !== undefined || needsNone) throw error;
        // What is there is not ours, or of another version.
        return sandboxes.applyRules(path, groups + freshTable(desired));
      });
    } catch (error) {
      this.#inForce = undefined;
      if (sandboxes.identity(path) !== identity) return 'done';
      const reason = (error as Error).message;
      this.#lacks(reason);
      log.warn({ sandbox: path, reason }, 'a container has not its rules');
      return 'look-later';
    }
    this.#inForce = { identity, services: needsNone ? undefined : desired };
    this.#lack = undefined;
    log.debug({ sandbox: path, services: desired.length }, 'the rules of a container changed');
    return 'done';
  }

  /** @param before what the rules in force were made from; undefined: there are none, or some of another agent */
  #script(before: readonly Service[] | undefined): string {
    const { scripts, earlier } = this.#options;
    const { desired } = this;
    if (before !== undefined) return scripts.changes(before, desired);
    const former = this.#wroteWhole ? undefined : (earlier ?? desired);
    this.#wroteWhole = true;
    return scripts.whole(desired, former);
  }

  #lacks(reason: string): void {
    const { path: sandbox, now } = this.#options;
    this.#lack = { sandbox, since: this.#lack?.since ?? now(), reason };
  }
}

/** nft's scripts: containers on the same networks, which share their lists, get the same, made once. */
export class Scripts {
  readonly whole = madeOnce(wholeTable);
  readonly changes = madeOnce(tableChanges);
}

type Lists = WeakMap<readonly Service[], string>;

const NOTHING: readonly Service[] = [];

function madeOnce<T extends readonly Service[] | undefined>(
  make: (one: readonly Service[], other: T) => string,
): (one: readonly Service[], other: T) => string {
  const all = new WeakMap<readonly Service[], Lists>();
  return (one, other) => {
    const made = all.get(one) ?? (new WeakMap() as Lists);
    all.set(one, made);
    const script = made.get(other ?? NOTHING) ?? make(one, other);
    made.set(other ?? NOTHING, script);
    return script;
  };
}
