import { Allowance } from '../core/allowance.ts';
import { HEARING_LIMITS, type HearingLimits } from './limits.ts';

/**
 * How much is taken of one peer. It outlives its sessions: a host that is let go for saying too much is
 * connected to again within a second, and would be granted all of it anew.
 */
export class Hearing {
  readonly words = 'it says too much';
  readonly #messages: Allowance;
  readonly #bytes: Allowance;

  constructor(limits: Partial<HearingLimits> | undefined, now: number) {
    const all = { ...HEARING_LIMITS, ...limits };
    this.#messages = new Allowance(
      { perSecond: all.messagesPerSecond, burst: all.messagesAtOnce },
      now,
    );
    this.#bytes = new Allowance({ perSecond: all.bytesPerSecond, burst: all.bytesAtOnce }, now);
  }

  /** @returns whether so many more messages are taken now, milliseconds */
  messages(now: number, count: number): boolean {
    return this.#messages.take(now, count);
  }

  bytes(now: number, count: number): boolean {
    return this.#bytes.take(now, count);
  }
}
