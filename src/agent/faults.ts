import type { FaultSubject, HostFault } from '../contract/report.ts';
import type { Log } from './log.ts';

export interface FaultsOptions {
  readonly log: Log;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly timeOfDay: () => number;
}

/** What is over within this time is no fault: an Engine or a child that starts anew, milliseconds. */
export const GRACE_MS = 4_000;

interface Noted {
  readonly began: number;
  readonly since: number;
  what: string;
  /** When it counts as over unless it is noted again. */
  until: number;
  told: boolean;
}

/**
 * What the agent needs from outside and does not get: noted where it is missed, told once it has
 * lasted. Bounded by the subjects.
 */
export class Faults {
  readonly #options: FaultsOptions;
  readonly #noted = new Map<FaultSubject, Noted>();

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /**
   * Takes note of something that is missing.
   * @param forMs after how long it counts as there again if it is not noted once more, milliseconds;
   *   unless given, when `well` says so
   */
  note(subject: FaultSubject, what: string, forMs = Number.POSITIVE_INFINITY): void {
    const { now, timeOfDay, log } = this.#options;
    this.#expire();
    const at = now();
    const found: Noted = this.#noted.get(subject) ?? {
      ...{ began: at, since: timeOfDay(), what, until: at, told: false },
    };
    found.what = what;
    found.until = at + forMs;
    this.#noted.set(subject, found);
    if (!found.told && at - found.began >= GRACE_MS) {
      found.told = true;
      log.warn({ subject, reason: what }, 'the agent lacks something');
    }
  }

  /** It is there (again). */
  well(subject: FaultSubject): void {
    const found = this.#noted.get(subject);
    if (found === undefined) return;
    this.#noted.delete(subject);
    if (found.told) this.#options.log.info({ subject }, 'the agent has it again');
  }

  /** What has been missing for longer than a moment. */
  current(): HostFault[] {
    this.#expire();
    const old = this.#options.now() - GRACE_MS;
    return [...this.#noted].flatMap(([subject, { began, since, what }]) =>
      began <= old ? [{ subject, what, since }] : [],
    );
  }

  #expire(): void {
    const now = this.#options.now();
    for (const [subject, { until }] of this.#noted) if (until < now) this.well(subject);
  }
}
