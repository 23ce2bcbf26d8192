/**
 * Time that passes only when nothing is left to do at its moment. In force, it takes the place of
 * the process's timers, so that the real code of sessions runs in it unchanged.
 */
interface Timer {
  readonly work: () => void;
  readonly everyMs: number | undefined;
  at: number;
  /** Equal moments keep the order in which they were asked for. */
  order: number;
  over: boolean;
  unref(): Timer;
  ref(): Timer;
}

export class Clock {
  /** Milliseconds since it began. */
  now = 0;
  #order = 0;
  readonly #heap: Timer[] = [];

  after(ms: number, work: () => void, everyMs?: number): Timer {
    const timer: Timer = {
      work,
      everyMs,
      at: this.now + Math.max(0, ms),
      order: this.#order++,
      over: false,
      unref: () => timer,
      ref: () => timer,
    };
    this.#push(timer);
    return timer;
  }

  /** Lets time pass until then, or until `enough` says so; @returns whether it did */
  async run(untilMs: number, enough: () => boolean = () => false): Promise<boolean> {
    for (let done = 0; ; done++) {
      const next = this.#heap[0];
      if (next === undefined || next.at > untilMs) break;
      this.#pop();
      if (next.over) continue;
      this.now = next.at;
      next.work();
      if (next.everyMs !== undefined && !next.over) {
        next.at = this.now + next.everyMs;
        next.order = this.#order++;
        this.#push(next);
      }
      // Promises of the code that runs in it.
      if (done % 1000 === 0) await Promise.resolve();
      if (enough()) return true;
    }
    this.now = untilMs;
    return enough();
  }

  /** Takes the place of the process's timers; @returns what gives them back */
  install(): () => void {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const clear = (timer: Timer | undefined) => {
      if (timer !== undefined) timer.over = true;
    };
    Object.assign(globalThis, {
      setTimeout: (work: () => void, ms = 0) => this.after(ms, work),
      setInterval: (work: () => void, ms = 0) => this.after(ms, work, ms),
      clearTimeout: clear,
      clearInterval: clear,
    });
    return () => {
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
    };
  }

  #before(a: Timer, b: Timer): boolean {
    return a.at === b.at ? a.order < b.order : a.at < b.at;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1] as Timer, heap[child] as Timer))
        child++;
      if (!this.#before(heap[child] as Timer, last)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = last;
  }
}
