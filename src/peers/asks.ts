/** Requests of one session that wait for their answers. Bounded by `MAX_WAITING`. */
const MAX_WAITING = 64;

interface Waiting {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Asks {
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  /**
   * Sends a request through `send` and waits for its answer.
   *
   * @throws Error when no answer comes within `timeoutMs`, the peer cannot answer, or it is gone
   */
  ask(send: (id: number) => void, options: { what: string; timeoutMs: number }): Promise<unknown> {
    const { what, timeoutMs } = options;
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(new Error(`${MAX_WAITING} requests already wait for this peer`));
    }
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`no answer to "${what}" within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  answered(message: { id: number; data?: unknown; error?: string }): void {
    const waiting = this.#waiting.get(message.id);
    // Too late: its time has run out.
    if (!waiting) return;
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.error === undefined) waiting.resolve(message.data);
    else waiting.reject(new Error(message.error));
  }

  /** Fails all that wait. */
  fail(reason: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
    this.#waiting.clear();
  }
}
