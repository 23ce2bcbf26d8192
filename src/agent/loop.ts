import { Coalesced } from '../core/coalesced.ts';
import type { Log } from './log.ts';

/**
 * What comes after a difference was applied: `look` reads what is there at once, since part of it is not
 * known any more; `look-later` gives the kernel some time first, since it refused part of it.
 */
export type Next = 'done' | 'look' | 'look-later';

/** Something that is kept as it shall be: the forwarding, a table of nft, a container's rules. */
export interface Target {
  /** In logs, as `the rules of the tunnels`. */
  readonly name: string;
  /**
   * Reads what is there. It runs beside `apply`, and must not take what that changed meanwhile for
   * somebody else's.
   */
  observe(): Promise<void>;
  /** Resolves when the next run may begin; undefined: at once. */
  rested?(): Promise<void> | undefined;
  /** Compares what shall be with what is there, as far as is known, and applies the difference. */
  apply(): Promise<Next>;
}

/** How long until what failed or was refused is tried again, milliseconds. */
const RETRY_MS = 1_000;

/**
 * The one loop by which everything is kept: observe, compare, apply. It runs once at a time; whoever asks
 * meanwhile is served by one more run. A look takes its time beside the runs: a group that is joined
 * meanwhile does not wait for it. What fails is tried again after a look.
 */
export class Loop {
  readonly #target: Target;
  readonly #log: Pick<Log, 'error'>;
  readonly #runs = new Coalesced(
    () => this.#run(),
    () => this.#target.rested?.(),
  );
  readonly #looks = new Coalesced(() => this.#lookAndRun());
  #observed = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #unread = '';
  #problem = '';

  constructor(target: Target, log: Pick<Log, 'error'>) {
    this.#target = target;
    this.#log = log;
  }

  /**
   * Asks for a run. Any number of calls before it begins are one run.
   * @param look also read what is there afresh; the first run always does
   * @returns when a run, and a look if asked for, that began after this call has ended; it never fails
   */
  request(look = false): Promise<void> {
    return look || !this.#observed ? this.#looks.request() : this.#runs.request();
  }

  /** Why the last look came to nothing; empty when it did not. */
  get unread(): string {
    return this.#unread;
  }

  /** Why the last run came to nothing; empty when it did not. */
  get problem(): string {
    return this.#problem;
  }

  /** From now on everything stays as it is. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  async #lookAndRun(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#target.observe();
      this.#observed = true;
      this.#unread = '';
    } catch (error) {
      this.#unread = this.#failed('read', error as Error, this.#unread);
    }
    if (this.#observed) await this.#runs.request();
  }

  async #run(): Promise<void> {
    if (this.#closed) return;
    try {
      const next = await this.#target.apply();
      this.#problem = '';
      if (next === 'look') void this.request(true);
      if (next === 'look-later') this.#lookLater();
    } catch (error) {
      this.#problem = this.#failed('written', error as Error, this.#problem);
    }
  }

  #failed(what: string, { message }: Error, before: string): string {
    // The same words each second would bury all others.
    if (message !== before)
      this.#log.error({ reason: message }, `${this.#target.name} cannot be ${what}`);
    this.#lookLater();
    return message;
  }

  /** One that waits already is not put off, however often runs fail meanwhile. */
  #lookLater(): void {
    if (this.#closed || this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.request(true);
    }, RETRY_MS).unref();
  }
}
