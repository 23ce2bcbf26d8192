import { Allowance } from '../core/allowance.ts';

/**
 * Leaves of one container that are taken at once, and each second after that: it may leave as many groups
 * as other hosts hear of by default, twice.
 */
const LEAVES = { burst: 2048, perSecond: 128 };

/**
 * Bounds how often one container's leaving of groups is heard, as route flap damping does (RFC 2439): what
 * it leaves beyond is as if it stayed, until two readings of the kernel's table lack it. So one that joins
 * and leaves a thousand groups a second changes nothing on the other hosts after a second.
 */
export class Churn {
  readonly #now: () => number;
  /** By port; bounded by the ports there were at the last reading, and those that came since. */
  readonly #leaves = new Map<string, Allowance>();

  /** @param now milliseconds of a clock that nobody can set */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a container's leave is heard. */
  mayLeave(port: string): boolean {
    const now = this.#now();
    const allowance = this.#leaves.get(port) ?? new Allowance(LEAVES, now);
    this.#leaves.set(port, allowance);
    return allowance.take(now);
  }

  /** Forgets ports that are gone. */
  keep(ports: ReadonlySet<string>): void {
    for (const port of this.#leaves.keys()) if (!ports.has(port)) this.#leaves.delete(port);
  }
}
