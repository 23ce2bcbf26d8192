/**
 * Work whose requests are coalesced: it never runs twice at a time; whoever asks while it runs is served
 * by one more run after it, which all share that ask before it begins.
 */
export class Coalesced {
  readonly #work: () => Promise<void>;
  readonly #rest: (() => Promise<void> | undefined) | undefined;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** @param rest what a run waits for before it begins; who asks meanwhile shares that run */
  constructor(work: () => Promise<void>, rest?: () => Promise<void> | undefined) {
    this.#work = work;
    this.#rest = rest;
  }

  /** @returns when a run that began after this call has ended; rejects as the work does */
  request(): Promise<void> {
    if (this.#next === undefined) {
      const rested = this.#rest === undefined ? this.#last : this.#last.then(this.#rest);
      const turn = rested.then(() => {
        this.#next = undefined;
        return this.#work();
      });
      this.#next = turn;
      this.#last = turn.catch(() => {});
    }
    return this.#next;
  }
}
