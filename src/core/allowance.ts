/** A count of what may still be taken, refilled as time passes (a token bucket). Pure. */
export class Allowance {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor(rule: { perSecond: number; burst: number }, now: number) {
    this.#perSecond = rule.perSecond;
    this.#burst = rule.burst;
    this.#left = rule.burst;
    this.#at = now;
  }

  /**
   * Takes some, all or none of them.
   * @param now milliseconds
   * @returns false when not so many are left
   */
  take(now: number, count = 1): boolean {
    if (this.left(now) < count) return false;
    this.#left -= count;
    return true;
  }

  /** How many may be taken now. */
  left(now: number): number {
    const refill = (Math.max(0, now - this.#at) * this.#perSecond) / 1000;
    this.#left = Math.min(this.#burst, this.#left + refill);
    this.#at = now;
    return this.#left;
  }
}
