/**
 * Time that passes only when nothing is left to do at its moment. In force, it takes the place of
 * the process's timers, so that the real code of sessions runs in it unchanged.
 */
import { createClock, type TimerId } from '@sinonjs/fake-timers';

/** The library counts in whole numbers, and packets take parts of a millisecond: microseconds. */
const PER_MS = 1_000;

export class Clock {
  readonly #clock = createClock();

  /** Milliseconds since it began. */
  get now(): number {
    return this.#clock.now / PER_MS;
  }

  after(ms: number, work: () => void): TimerId {
    return this.#clock.setTimeout(work, Math.round(ms * PER_MS));
  }

  cancel(timer: TimerId): void {
    this.#clock.clearTimeout(timer);
  }

  /** Lets time pass until then, or until `enough` says so; @returns whether it did */
  async run(untilMs: number, enough: () => boolean = () => false): Promise<boolean> {
    let over = false;
    const end = this.after(untilMs - this.now, () => {
      over = true;
    });
    for (let done = 0; !over && !enough(); done++) {
      this.#clock.next();
      // Promises of the code that runs in it.
      if (done % 1000 === 0) await Promise.resolve();
    }
    this.cancel(end);
    return enough();
  }

  /** Takes the place of the process's timers; @returns what gives them back */
  install(): () => void {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const clock = this.#clock;
    Object.assign(globalThis, {
      setTimeout: (work: () => void, ms = 0) => this.after(ms, work),
      setInterval: (work: () => void, ms = 0) => clock.setInterval(work, ms * PER_MS),
      clearTimeout: clock.clearTimeout,
      clearInterval: clock.clearInterval,
    });
    return () => {
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
    };
  }
}
