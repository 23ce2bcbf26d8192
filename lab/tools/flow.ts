/**
 * What a receiver knows of one sender's packets of one kind, whose numbers count from 1: how many
 * never came, and since when none is missing. Pure; times are milliseconds since the epoch, which
 * all containers of one machine share.
 */

/** Numbers that may still come late; a packet that is later than that counts as a double. */
const REMEMBERED = 5_000;

export class Flow {
  /** Different packets that came. */
  count = 0;
  /** Packets that did not, between the first that came and the last. */
  lost = 0;
  /** Packets that came again. */
  doubles = 0;
  /** When the last one came. */
  lastAt = 0;
  /** When the first packet after the last gap came: from then on nothing that was sent is missing. */
  since = 0;
  #last = 0;
  readonly #missing = new Set<number>();
  readonly #isOwnFault: () => boolean;

  /** @param isOwnFault whether packets arrived just now that the receiver was too busy to read */
  constructor(isOwnFault: () => boolean = () => false) {
    this.#isOwnFault = isOwnFault;
  }

  /** Takes note of packet `number`, which came at `at`. */
  take(number: number, at: number): void {
    if (this.count === 0) this.#begin(number, at);
    if (number > this.#last) this.#advance(number, at);
    else if (this.#missing.delete(number)) this.lost--;
    else {
      this.doubles++;
      return;
    }
    this.count++;
    this.lastAt = at;
  }

  #begin(number: number, at: number): void {
    this.#last = number - 1;
    this.since = at;
  }

  #advance(number: number, at: number): void {
    if (number > this.#last + 1 && !this.#isOwnFault()) this.since = at;
    for (let missing = this.#last + 1; missing < number; missing++) {
      this.lost++;
      this.#missing.add(missing);
      if (this.#missing.size > REMEMBERED) this.#forgetOldest();
    }
    this.#last = number;
  }

  #forgetOldest(): void {
    const [oldest] = this.#missing;
    if (oldest !== undefined) this.#missing.delete(oldest);
  }
}
