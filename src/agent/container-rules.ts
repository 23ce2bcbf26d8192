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
  listTable(path: string, table: string): Promise<string | undefined>;
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
  readonly log: Log;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

/** The rules in a namespace, as this agent wrote them. */
interface InForce {
  readonly identity: string;
  readonly services: readonly Service[];
  /** nft's text of them at the first look since; undefined before that. */
  text?: string;
}

/** The balancing rules of one container. They are written whole once, and by their differences after. */
export class ContainerRules implements Target {
  readonly name: string;
  readonly loop: Loop;
  /** What the container is to reach. */
  desired: readonly Service[] = [];
  readonly #options: ContainerRulesOptions;
  #inForce: InForce | undefined;
  #lack: Lack | undefined;

  constructor(options: ContainerRulesOptions) {
    this.#options = options;
    this.name = `the balancing rules of ${options.path}`;
    this.loop = new Loop(this, options.log);
  }

  /** Whether this agent wrote some. */
  get areInForce(): boolean {
    return this.#inForce !== undefined;
  }

  /** Why it has not the rules that it should have; undefined when it has. */
  get lack(): Lack | undefined {
    return this.#lack;
  }

  /** Whether an agent wrote some, this one or one before it; not, when nobody can tell. */
  async areThere(): Promise<boolean> {
    if (this.areInForce) return true;
    const { sandboxes, path } = this.#options;
    const text = await sandboxes.listTable(path, TABLE).catch(() => undefined);
    return text?.includes(LANDMARK) === true;
  }

  async observe(): Promise<void> {
    const found = this.#inForce;
    // What is not known is written whole, whatever is there.
    if (found === undefined) return;
    const { sandboxes, path, log } = this.#options;
    const text = await sandboxes.listTable(path, TABLE);
    // It was written anew, or is gone, while this looked.
    if (this.#inForce !== found) return;
    const isOurs = text?.includes(LANDMARK) === true && text === (found.text ?? text);
    if (isOurs) found.text = text;
    else {
      this.#inForce = undefined;
      log.warn({ sandbox: path }, 'the balancing rules were gone or changed');
    }
  }

  async apply(): Promise<Next> {
    const { path, sandboxes, scripts, log } = this.#options;
    const { desired } = this;
    const before = this.#inForce;
    // A container that reaches no service pays nothing for those of others.
    if (before === undefined && desired.length === 0) {
      this.#lack = undefined;
      return 'done';
    }
    const identity = sandboxes.identity(path);
    if (identity === undefined) {
      this.#lacks('its network namespace is not at that path');
      return 'done';
    }
    const known = before?.identity === identity ? before.services : undefined;
    if (known === undefined && desired.length === 0) return 'done';
    const script = scripts.of(known, desired);
    if (script === '') return 'done';
    try {
      await sandboxes.applyRules(path, script).catch((error: Error) => {
        if (known !== undefined) throw error;
        // What is there is not ours, or of another version.
        return sandboxes.applyRules(path, freshTable(desired));
      });
    } catch (error) {
      this.#inForce = undefined;
      if (sandboxes.identity(path) !== identity) return 'done';
      const reason = (error as Error).message;
      this.#lacks(reason);
      log.warn({ sandbox: path, reason }, 'no balancing rules');
      return 'look-later';
    }
    this.#inForce = { identity, services: desired };
    this.#lack = undefined;
    log.debug({ sandbox: path, services: desired.length }, 'balancing rules changed');
    return 'done';
  }

  #lacks(reason: string): void {
    const { path: sandbox, now } = this.#options;
    this.#lack = { sandbox, since: this.#lack?.since ?? now(), reason };
  }
}

const NOTHING: readonly Service[] = [];

/** nft's scripts: containers on the same networks, which share their lists, get the same, made once. */
export class Scripts {
  readonly #made = new WeakMap<readonly Service[], WeakMap<readonly Service[], string>>();

  /** @param before undefined: whatever is there */
  of(before: readonly Service[] | undefined, after: readonly Service[]): string {
    const made = this.#made.get(before ?? NOTHING) ?? new WeakMap<readonly Service[], string>();
    this.#made.set(before ?? NOTHING, made);
    const script =
      made.get(after) ?? (before === undefined ? wholeTable(after) : tableChanges(before, after));
    made.set(after, script);
    return script;
  }
}
