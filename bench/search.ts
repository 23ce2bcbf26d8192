/**
 * The search for the highest rate without loss: by strides that grow, then by halves between a good and a bad rate
 * (Bentley and Yao, An Almost Optimal Algorithm for Unbounded Searching, 1976). Pure: it names the next rate to try
 * and is told what came of it, so that the searches of several paths can take turns.
 */

/** Loss up to here counts as none. */
export const LOSS_FREE = 0.001;

/** What a stride is raised to for the next. */
const GROWTH = 1.5;

/** A sender that is asked for more than this factor of what it sends is at its own end, or was held up. */
const ASKED = 1.05;

export interface Tried {
  /** Packets a second that were really sent. */
  readonly pps: number;
  readonly loss: number;
}

export interface SearchOptions {
  /** Packets a second to begin with: a guess, or the result of an earlier round. */
  readonly start: number;
  /** Factor between the first two rates; it grows while the limit is not yet between two of them. */
  readonly stride: number;
  /** Factor between the highest good and the lowest bad rate at which the search ends. */
  readonly precision: number;
  /** Most trials in all. */
  readonly trials: number;
  /** After how many trials in turn that the sender falls short of, it is at its end. */
  readonly ends: number;
}

export class RateSearch {
  readonly #precision: number;
  #stride: number;
  #rate: number;
  #good = 0;
  #bad = Number.POSITIVE_INFINITY;
  #best = 0;
  #left: number;
  readonly #ends: number;
  #shorts = 0;
  #again = true;
  #done = false;

  constructor(options: SearchOptions) {
    this.#precision = options.precision;
    this.#stride = options.stride;
    this.#ends = options.ends;
    this.#rate = options.start;
    this.#left = options.trials;
  }

  /** The rate to try next; undefined when the search is over. */
  get next(): number | undefined {
    return this.#done ? undefined : this.#rate;
  }

  /** The highest rate sent without loss, packets a second; 0 if there was none. */
  get result(): number {
    return this.#best;
  }

  /** Whether it ended with the sender: the path took all that there was. */
  get atSender(): boolean {
    return this.#shorts >= this.#ends;
  }

  report({ pps, loss }: Tried): void {
    this.#left -= 1;
    const short = loss < LOSS_FREE && pps * ASKED < this.#rate;
    this.#shorts = short ? this.#shorts + 1 : 0;
    if (loss < LOSS_FREE) {
      this.#again = true;
      this.#good = this.#rate;
      this.#best = Math.max(this.#best, pps);
      if (this.atSender) this.#done = true;
    } else if (this.#again) {
      // Once may be the machine's fault, twice is the path's.
      this.#again = false;
      if (this.#left > 0) return;
    } else {
      this.#again = true;
      this.#bad = this.#rate;
    }
    if (this.#left <= 0 || this.#bad / Math.max(this.#good, 1) < this.#precision) this.#done = true;
    const between = this.#good > 0 && this.#bad < Number.POSITIVE_INFINITY;
    if (between) this.#rate = Math.sqrt(this.#good * this.#bad);
    else this.#rate = loss < LOSS_FREE ? this.#good * this.#stride : this.#bad / this.#stride;
    this.#stride **= GROWTH;
  }
}
