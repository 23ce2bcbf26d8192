import { afterStep, difference, explain, type Step } from '../core/difference.ts';
import { type Fact, identity } from '../core/facts.ts';
import type { Membership } from '../core/membership.ts';
import type { Log } from './log.ts';

/** The kernel, as the reconciler needs it. */
export interface Kernel {
  observe(): Promise<{ facts: Fact[]; memberships: Membership[] }>;
  apply(steps: readonly Step[]): Promise<{ step: Step; message: string }[]>;
}

export interface ReconcilerOptions {
  readonly kernel: Kernel;
  /** Everything the kernel shall hold, computed anew at each call; undefined: change nothing. */
  readonly desired: () => Fact[] | undefined;
  /** Whether a device is being made or removed right now by someone else, who needs no help. */
  readonly isBusy: (dev: string) => boolean;
  /** A look is about to begin: from now on events must be remembered. */
  readonly onLookBegins: () => void;
  /** What a look found, before the difference is taken. */
  readonly onLook: (found: { facts: Fact[]; memberships: Membership[] }) => void;
  readonly log: Log;
}

/** How long until a refused step is tried again, milliseconds. */
const RETRY_MS = 1000;

/**
 * Makes the kernel hold what it shall. Every cause takes the same path: [look,] compute, compare,
 * apply. Between looks it remembers what it wrote, so that one change costs one short batch.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** What the kernel holds, as far as known; bounded by what it was told to hold. */
  #known = new Map<string, Fact>();
  #look = true;
  #waiting: Promise<void> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #refusedBefore = new Set<string>();
  #closed = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Asks for a run. Any number of calls before it begins are one run.
   * @param look also read the kernel afresh
   * @returns when a run that began after this call has ended
   */
  request(look = false): Promise<void> {
    if (look) this.#look = true;
    this.#waiting ??= this.#exclusive(() => this.#run());
    return this.#waiting;
  }

  /** Takes note of an entry that someone else made, so that it is not made again. */
  learn(fact: Fact): void {
    this.#known.set(identity(fact), fact);
  }

  /** Takes note that a device went, and all that hung on it. */
  forget(dev: string): void {
    for (const [key, fact] of this.#known) {
      if ('dev' in fact && fact.dev === dev) this.#known.delete(key);
    }
  }

  #free(steps: Step[]): Step[] {
    const { isBusy } = this.#options;
    return steps.filter(({ fact }) => !('dev' in fact && isBusy(fact.dev)));
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Whether the kernel has a fact's entry, by the last that is known. */
  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** What a run with a fresh look would do now; does nothing. */
  plan(): Promise<Step[]> {
    return this.#exclusive(async () => {
      const { facts } = await this.#options.kernel.observe();
      return this.#free(difference(this.#options.desired() ?? facts, facts));
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    this.#waiting = undefined;
    if (this.#closed) return;
    try {
      if (this.#look) await this.#lookAtKernel();
      const desired = this.#options.desired();
      const steps =
        desired === undefined ? [] : this.#free(difference(desired, this.#known.values()));
      if (steps.length > 0) await this.#take(steps);
    } catch (error) {
      this.#options.log.error({ error }, 'reconciling failed');
      this.#lookSoon();
    }
  }

  async #lookAtKernel(): Promise<void> {
    this.#options.onLookBegins();
    const found = await this.#options.kernel.observe();
    this.#known = new Map(found.facts.map((fact) => [identity(fact), fact]));
    this.#options.onLook(found);
    this.#look = false;
  }

  async #take(steps: readonly Step[]): Promise<void> {
    const { log, kernel } = this.#options;
    const refusals = await kernel.apply(steps);
    const refused = new Set(refusals.map((it) => it.step));
    for (const step of steps) {
      if (refused.has(step)) continue;
      afterStep(this.#known, step);
      log.info({ step: explain(step) }, 'forwarding changed');
    }
    this.#noteRefusals(refusals);
    if (refusals.length > 0 || steps.some(losesEntries)) this.#lookSoon(refusals.length === 0);
  }

  /** A first refusal is often a race that the next look resolves; only a second is told. */
  #noteRefusals(refusals: readonly { step: Step; message: string }[]): void {
    const now = new Set<string>();
    for (const { step, message } of refusals) {
      const words = explain(step);
      now.add(words);
      const level = this.#refusedBefore.has(words) ? 'warn' : 'debug';
      this.#options.log[level]({ step: words, kernel: message }, 'the kernel refused a step');
    }
    this.#refusedBefore = now;
  }

  #lookSoon(now = false): void {
    this.#look = true;
    clearTimeout(this.#retry);
    if (now) void this.request();
    else this.#retry = setTimeout(() => void this.request(), RETRY_MS);
  }
}

/** A tunnel made anew, or a bridge with another address, lost entries: look what is still there. */
const losesEntries = ({ action, fact }: Step): boolean =>
  action === 'replace' && (fact.kind === 'vxlan' || fact.kind === 'bridge');
