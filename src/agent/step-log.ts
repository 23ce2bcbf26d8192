import { Allowance } from '../core/allowance.ts';
import { explain, type Step } from '../core/forwarding/difference.ts';
import { reasonOf } from '../core/forwarding/reason.ts';
import type { Log } from './log.ts';

/** Lines that may be written at once, and each second after that. */
const LINES = { burst: 200, perSecond: 5 };
/** What has no line of its own is counted at most this often, milliseconds. */
const COUNT_EVERY_MS = 5_000;

/**
 * Tells the log of each change of the forwarding, and of many how many they are: a container of any host
 * can join and leave a thousand groups a second.
 */
export class StepLog {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #lines: Allowance;
  #untold = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that nobody can set */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#lines = new Allowance(LINES, now());
  }

  /** Takes steps that were taken. */
  take(steps: readonly Step[]): void {
    const now = this.#now();
    for (const step of steps) {
      if (!this.#lines.take(now)) this.#untold += 1;
      else this.#log.info({ step: explain(step), because: reasonOf(step) }, 'forwarding changed');
    }
    if (this.#untold === 0 || now - this.#countedAt < COUNT_EVERY_MS) return;
    this.#log.info({ changes: this.#untold }, 'forwarding changed in many places');
    this.#untold = 0;
    this.#countedAt = now;
  }
}
