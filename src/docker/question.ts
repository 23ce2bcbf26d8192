import { Coalesced } from '../core/coalesced.ts';

/**
 * Something that Docker is asked again and again. What it said last counts until it says more: a
 * question that only the Swarm's leader can answer waits 20 s for one (moby,
 * daemon/cluster/cluster.go, swarmRequestTimeout), and nothing else is to wait with it.
 */
export class Question<T> {
  readonly #options: QuestionOptions<T>;
  #last: { readonly answer: T } | undefined;
  readonly #asks: Coalesced;

  constructor(options: QuestionOptions<T>) {
    this.#options = options;
    this.#asks = new Coalesced(() => this.#ask(), options.rest);
  }

  /** What Docker said last; undefined before it has said anything. */
  get last(): { readonly answer: T } | undefined {
    return this.#last;
  }

  /**
   * Asks now; any number of calls while it is being asked are one more after that.
   * @returns once Docker has answered or refused
   */
  ask(): Promise<void> {
    return this.#asks.request();
  }

  async #ask(): Promise<void> {
    const { get, onError } = this.#options;
    try {
      this.#last = { answer: await get(this.#last?.answer) };
    } catch (error) {
      onError(error as Error);
    }
  }
}

export interface QuestionOptions<T> {
  /** @param before the last answer */
  readonly get: (before: T | undefined) => Promise<T>;
  /** Docker did not answer, or not so that it could be understood: the last answer stays. */
  readonly onError: (error: Error) => void;
  /** What is waited for before each time that it is asked. */
  readonly rest?: () => Promise<void> | undefined;
}
