import * as routes from './routes.ts';
import * as underlay from './underlay.ts';

/**
 * What this host says of its addresses, links, routes and rules is asked for at each look, by four programs,
 * and hardly ever differs. So an answer is believed while the kernel tells of their changes (address-monitor.ts)
 * and has told of none.
 */

/** So long an answer is believed of which no change was told, milliseconds: an event may be lost. */
const BELIEVED_MS = 60_000;

/** Questions whose answers are kept; a look asks some four. */
const QUESTIONS_MOST = 64;

interface Answered {
  readonly answer: Promise<unknown>;
  readonly at: number;
}

export class Remembered {
  readonly #now: () => number;
  /** By question, of the time since the last change. */
  #answers = new Map<string, Answered>();
  #isTold = false;

  /** @param now milliseconds of a clock that nobody can set */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** From now on changes are told; those of before may not have been. */
  following(): void {
    this.#isTold = true;
    this.changed();
  }

  /** Something has changed. */
  changed(): void {
    if (this.#answers.size > 0) this.#answers = new Map();
  }

  /** Changes are not told any more: nothing is believed. */
  lost(): void {
    this.#isTold = false;
    this.changed();
  }

  /**
   * The answer to a question, which is asked where it is not known.
   * @throws what `ask` does; it is asked again then
   */
  recall<T>(question: string, ask: () => Promise<T>): Promise<T> {
    const at = this.#now();
    const known = this.#answers.get(question);
    if (known !== undefined && at - known.at < BELIEVED_MS) return known.answer as Promise<T>;
    if (!this.#isTold) return ask();
    if (this.#answers.size >= QUESTIONS_MOST) this.changed();
    // What changes while it is asked has it forgotten with all others.
    const answers = this.#answers;
    const answer = ask();
    answers.set(question, { answer, at });
    answer.catch(() => answers.delete(question));
    return answer;
  }
}

/** That of this host's own namespace. */
export const hostNetwork = new Remembered(() => performance.now());

/** As that of routes.ts, remembered. */
export const hostAddresses = (): ReturnType<typeof routes.hostAddresses> =>
  hostNetwork.recall('addresses', routes.hostAddresses);

/** As that of routes.ts, remembered. */
export const routeTo = (address: string): ReturnType<typeof routes.routeTo> =>
  hostNetwork.recall(`route ${address}`, () => routes.routeTo(address));

/** As that of routes.ts, remembered. */
export const routeMtus = (to: readonly string[], from: string): Promise<number[]> =>
  hostNetwork.recall(`mtus ${from} ${to.join()}`, () => routes.routeMtus(to, from));

/** As that of underlay.ts, remembered. */
export const readUnderlay = (hosts: Iterable<string>): ReturnType<typeof underlay.readUnderlay> => {
  const all = [...hosts];
  return hostNetwork.recall(`underlay ${all.join()}`, () => underlay.readUnderlay(all));
};
