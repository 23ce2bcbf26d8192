import { GROUPS_LANDMARK, GROUPS_TABLE, groupsTable } from '../core/rules/untracked-groups.ts';
import {
  freshTable,
  LANDMARK,
  newTable,
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
  /** Whether no agent has written rules into it, as far as is known. */
  readonly isNew: boolean;
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
  /** Whether there may be no balancing rules yet, of this agent or another. */
  #isNew: boolean;
  #lack: Lack | undefined;

  constructor(options: ContainerRulesOptions) {
    this.#options = options;
    this.#isNew = options.isNew;
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
    const tries = needsNone ? [() => ''] : this.#scripts(known?.services);
    if (groups === '' && tries[0]?.() === '') return 'done';
    try {
      await inTurn(tries, (script) => sandboxes.applyRules(path, groups + script()));
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

  /**
   * Scripts of which the first that nft takes is the one; a later one is made only when it is needed.
   * @param before what the rules in force were made from; undefined: nobody knows what is there
   */
  #scripts(before: readonly Service[] | undefined): (() => string)[] {
    const { scripts } = this.#options;
    const { desired } = this;
    if (before !== undefined) return [() => scripts.changes(before, desired)];
    const first = this.#isNew ? [() => scripts.first(desired)] : [];
    this.#isNew = false;
    // What is there may be not ours, or of another version.
    return [...first, () => scripts.whole(desired), () => freshTable(desired)];
  }

  #lacks(reason: string): void {
    const { path: sandbox, now } = this.#options;
    this.#lack = { sandbox, since: this.#lack?.since ?? now(), reason };
  }
}

/** Does it with each until it does not fail. @throws what it threw with the last */
async function inTurn<T>(all: readonly T[], work: (it: T) => Promise<void>): Promise<void> {
  const [one, ...rest] = all;
  if (one === undefined) return;
  await work(one).catch((error: Error) => {
    if (rest.length === 0) throw error;
    return inTurn(rest, work);
  });
}

/** nft's scripts: containers on the same networks, which share their lists, get the same, made once. */
export class Scripts {
  readonly first = madeOnce(newTable);
  readonly whole = madeOnce(wholeTable);
  readonly #changes = new WeakMap<readonly Service[], (after: readonly Service[]) => string>();

  changes(before: readonly Service[], after: readonly Service[]): string {
    const made = this.#changes.get(before) ?? madeOnce((it) => tableChanges(before, it));
    this.#changes.set(before, made);
    return made(after);
  }
}

function madeOnce(make: (services: readonly Service[]) => string) {
  const all = new WeakMap<readonly Service[], string>();
  return (services: readonly Service[]): string => {
    const script = all.get(services) ?? make(services);
    all.set(services, script);
    return script;
  };
}
