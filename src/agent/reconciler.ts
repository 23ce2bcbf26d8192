import { afterStep, differenceOf, explain, type Step } from '../core/forwarding/difference.ts';
import { type Fact, identity, same } from '../core/forwarding/facts.ts';
import { reasonOf } from '../core/forwarding/reason.ts';
import type { Membership } from '../core/membership/membership.ts';
import type { Log } from './log.ts';
import { Loop, type Next, type Target } from './loop.ts';
import { StepLog } from './step-log.ts';
import type { Timings } from './timings.ts';

/** The kernel, as the reconciler needs it. */
export interface Kernel {
  observe(): Promise<{ facts: Fact[]; memberships: Membership[] }>;
  apply(steps: readonly Step[]): Promise<{ step: Step; message: string }[]>;
}

/** Everything the kernel shall hold, by identity. */
export interface Desired {
  /** @param inForce what the kernel has, which counts where several want different things */
  get(key: string, inForce: Fact | undefined): Fact | undefined;
  keys(): Iterable<string>;
  /** The identities whose fact may have changed since this was last called. */
  takeTouched(): Iterable<string>;
}

export interface ReconcilerOptions {
  readonly kernel: Kernel;
  /** What the kernel shall hold as of now; undefined: change nothing. */
  readonly desired: () => Desired | undefined;
  /** Whether a device is being made or removed right now by someone else, who needs no help. */
  readonly isBusy: (dev: string) => boolean;
  /** A look is about to begin: from now on events must be remembered. */
  readonly onLookBegins: () => void;
  /** What a look found, before the difference is taken. */
  readonly onLook: (found: { facts: Fact[]; memberships: Membership[] }) => void;
  /** Steps that take something away are about to be taken: what builds upon it goes first. */
  readonly onLeave?: () => Promise<void>;
  /** Steps were taken. */
  readonly onTaken?: () => void;
  readonly timings?: Pick<Timings, 'looked' | 'changed'>;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly timeOfDay: () => number;
}

/**
 * After what the kernel shall hold was computed, nothing is for so many times as long, but not longer than
 * `REST_MOST_MS`. While a thousand hosts are heard it takes 20 ms each time, and would take all of a core.
 */
const REST_FACTOR = 3;
const REST_MOST_MS = 200;

/** Beyond so many changes whoever follows looks at everything. */
const CHANGED_MOST = 1_000;

/** What the kernel holds and shall hold. */
export interface InForce {
  all(): Fact[];
  /** What is in force of the same identity. */
  now(fact: Fact): Fact | undefined;
}

/**
 * Makes the kernel's forwarding what it shall be. Between looks it remembers what it wrote, so that one
 * change costs one short batch.
 */
export class Reconciler implements Target {
  readonly name = 'the forwarding';
  readonly loop: Loop;
  readonly #options: ReconcilerOptions;
  readonly #log: StepLog;
  /** What the kernel holds, as far as known; bounded by what it was told to hold. */
  #known = new Map<string, Fact>();
  /** Changes of `#known` since a look began, which may be older than they are; else absent. */
  #sinceLook: ((known: Map<string, Fact>) => void)[] | undefined;
  /** What `takeChanged` tells; bounded by `CHANGED_MOST`. */
  #changed: Fact[] | 'all' = 'all';
  /** Identities to compare at the next run; 'all' after a look. */
  #open: Set<string> | 'all' = 'all';
  #lastChange: { at: number; what: string } | undefined;
  #restUntil = 0;
  #refusedBefore = new Set<string>();
  /** By identity, of the steps that were refused when last taken; bounded by these. */
  #refusals: ReadonlyMap<string, string> = new Map();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.loop = new Loop(this, options.log);
    this.#log = new StepLog(options.log, () => performance.now());
  }

  async observe(): Promise<void> {
    const { kernel, onLookBegins, onLook, timings } = this.#options;
    const begun = performance.now();
    this.#sinceLook = [];
    try {
      onLookBegins();
      const found = await kernel.observe();
      this.#known = new Map(found.facts.map((fact) => [identity(fact), fact]));
      for (const change of this.#sinceLook) change(this.#known);
      this.#open = 'all';
      this.#changed = 'all';
      timings?.looked(performance.now() - begun);
      onLook(found);
    } finally {
      this.#sinceLook = undefined;
    }
  }

  rested(): Promise<void> | undefined {
    const left = this.#restUntil - performance.now();
    if (left < 1) return undefined;
    return new Promise((resolve) => setTimeout(resolve, left).unref());
  }

  async apply(): Promise<Next> {
    const begun = performance.now();
    const wanted = this.#options.desired();
    if (wanted === undefined) return 'done';
    for (const key of wanted.takeTouched()) this.#reopen(key);
    const open = this.#open;
    this.#open = new Set();
    this.#noteChanged(open, wanted);
    const steps = this.#steps(wanted, this.#known, open);
    const now = performance.now();
    this.#restUntil = now + Math.min(REST_MOST_MS, REST_FACTOR * (now - begun));
    if (steps.length > 0) return this.#take(steps);
    if (open === 'all') this.#refusedBefore.clear();
    return 'done';
  }

  /** Takes note of an entry that someone else made, so that it is not made again. */
  learn(fact: Fact): void {
    const key = identity(fact);
    this.#note((known) => {
      known.set(key, fact);
      this.#reopen(key);
    });
    this.#isChanged(fact);
  }

  /** Takes note that a device went, and all that hung on it. */
  forget(dev: string): void {
    this.#changed = 'all';
    this.#note((known) => {
      for (const [key, fact] of known) {
        if (!('dev' in fact && fact.dev === dev)) continue;
        known.delete(key);
        this.#reopen(key);
      }
    });
  }

  /** Whether the kernel has a fact's entry, by the last that is known. */
  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** What the kernel holds and shall hold; undefined: what it shall hold is not known. */
  inForce(): InForce | undefined {
    const wanted = this.#options.desired();
    if (wanted === undefined) return undefined;
    const now = (key: string): Fact[] => {
      const fact = this.#known.get(key);
      const want = fact && wanted.get(key, fact);
      return fact !== undefined && want !== undefined && same(want, fact) ? [fact] : [];
    };
    return {
      all: () => [...this.#known.keys()].flatMap(now),
      now: (fact) => now(identity(fact))[0],
    };
  }

  /** The facts that may have come in force or gone since this was last called; 'all' after a look. */
  takeChanged(): readonly Fact[] | 'all' {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  /** What a run with a fresh look would do now, and why, in words; does nothing. */
  async plan(): Promise<string[]> {
    const { facts } = await this.#options.kernel.observe();
    const have = new Map(facts.map((fact) => [identity(fact), fact]));
    const wanted = this.#options.desired();
    if (wanted === undefined) return [];
    return this.#steps(wanted, have, 'all').map(
      (step) => `${explain(step)}, because ${reasonOf(step)}`,
    );
  }

  /** The kernel's words when it last refused the entry with this identity; undefined: it did not. */
  refusalOf(key: string): string | undefined {
    return this.#refusals.get(key);
  }

  /** How many steps the kernel refused when they were last tried; they are tried again. */
  get refused(): number {
    return this.#refusedBefore.size;
  }

  /** The last step that was taken, in words. */
  get lastChange(): { at: number; what: string } | undefined {
    return this.#lastChange;
  }

  #note(change: (known: Map<string, Fact>) => void): void {
    change(this.#known);
    this.#sinceLook?.push(change);
  }

  /** Whoever follows hears of what is about to be done before it is. */
  #noteChanged(open: Set<string> | 'all', wanted: Desired): void {
    if (open === 'all') this.#changed = 'all';
    else
      for (const key of open) {
        const had = this.#known.get(key);
        const fact = had ?? wanted.get(key, had);
        if (fact !== undefined) this.#isChanged(fact);
      }
  }

  #isChanged(fact: Fact): void {
    if (this.#changed === 'all') return;
    if (this.#changed.length < CHANGED_MOST) this.#changed.push(fact);
    else this.#changed = 'all';
  }

  #reopen(key: string): void {
    if (this.#open !== 'all') this.#open.add(key);
  }

  #steps(wanted: Desired, have: ReadonlyMap<string, Fact>, open: Set<string> | 'all'): Step[] {
    const keys = open === 'all' ? new Set([...wanted.keys(), ...have.keys()]) : open;
    return differenceOf(keys, (key, inForce) => wanted.get(key, inForce), have).filter((step) => {
      const busy = 'dev' in step.fact && this.#options.isBusy(step.fact.dev);
      if (busy) this.#reopen(identity(step.fact));
      return !busy;
    });
  }

  async #take(steps: readonly Step[]): Promise<Next> {
    const { kernel, timings, timeOfDay } = this.#options;
    const begun = performance.now();
    if (steps.some((it) => it.action !== 'add')) await this.#options.onLeave?.();
    const refusals = await kernel.apply(steps);
    const refused = new Set(refusals.map((it) => it.step));
    const taken = steps.filter((it) => !refused.has(it));
    timings?.changed(performance.now() - begun, taken, refused.size);
    for (const step of taken) {
      this.#note((known) => afterStep(known, step));
      this.#isChanged(step.fact);
    }
    this.#log.take(taken);
    const last = taken.at(-1);
    if (last !== undefined) this.#lastChange = { at: timeOfDay(), what: explain(last) };
    this.#noteRefusals(refusals);
    this.#options.onTaken?.();
    if (refusals.length > 0) return 'look-later';
    return steps.some(losesEntries) ? 'look' : 'done';
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
    // What follows the first refusal of a step follows from it.
    const first = [...refusals].reverse();
    this.#refusals = new Map(first.map((it) => [identity(it.step.fact), it.message]));
  }
}

/** A tunnel made anew, or a bridge with another address, lost entries: look what is still there. */
const losesEntries = ({ action, fact }: Step): boolean =>
  action === 'replace' && (fact.kind === 'vxlan' || fact.kind === 'bridge');
