/**
 * Work of one kind, never twice at a time. Whoever asks while it is under way is served by one more
 * turn after it; whoever asks before a turn begins shares that turn.
 */
export class OneAfterAnother {
  readonly #work: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** @returns when a turn that began after this call has ended; rejects as the work does */
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
