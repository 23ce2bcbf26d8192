/**
 * Work whose requests are coalesced: it never runs twice at a time; whoever asks while it runs is served
 * by one more run after it, which all share that ask before it begins.
 */
export class Coalesced {
  readonly #work: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** @returns when a run that began after this call has ended; rejects as the work does */
  request(): Promise<void> {
    if (this.#next === undefined) {
      const turn = this.#last.then(() => {
        this.#next = undefined;
        return this.#work();
      });
      this.#next = turn;
      this.#last = turn.catch(() => {});
    }
    return this.#next;
  }
}
