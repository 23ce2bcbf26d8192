import type { ClientMessage, NetworkMessage, Position } from './messages.ts';

/** Between two messages, milliseconds: a publisher takes a hundred a second of everything. */
const REST_MS = 20;

export interface ConfirmingOptions {
  /** Resolves when the kernel forwards as all says that was heard before the call. */
  readonly inForce: () => Promise<void>;
  /** Up to where a network is known; undefined while it is not. */
  readonly position: (network: string) => Position | undefined;
  readonly send: (message: ClientMessage) => void;
}

/**
 * Tells one publisher when what it said is in force here: a container that it has just got waits for
 * that, since what others answer it would be lost. Whatever comes meanwhile is confirmed together.
 */
export class Confirming {
  readonly #options: ConfirmingOptions;
  /** Networks of which it waits for word; bounded by those wanted. */
  readonly #owed = new Set<string>();
  #busy = false;

  constructor(options: ConfirmingOptions) {
    this.#options = options;
  }

  /** Takes note of what was heard. */
  heard(message: NetworkMessage): void {
    if (message.type !== 'gone' && message.confirm) this.#owed.add(message.network);
  }

  /** All that came at once was heard. */
  async settle(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#owed.size > 0) {
      const at = [...this.#owed].flatMap((it) => this.#options.position(it) ?? []);
      this.#owed.clear();
      try {
        await this.#options.inForce();
        if (at.length > 0) this.#options.send({ type: 'in-force', at });
      } catch {
        // Not confirmed: nobody waits for long.
      }
      if (this.#owed.size === 0) break;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
    this.#busy = false;
  }

  /** The session ended: a new one begins with all there is. */
  reset(): void {
    this.#owed.clear();
  }
}
