/** What a namespace needs of the system; errors of `bind` are told. */
export interface HeldNamespaceOptions {
  /** What is at the namespace's path, by its number; undefined when it is none. */
  readonly there: () => string | undefined;
  /** Binds the held namespace at its path again. */
  readonly bind: () => Promise<void>;
}

/**
 * The `castnet` namespace may be taken from its path by hand (`ip netns del castnet`). As long as the agent
 * holds it, it goes on forwarding, but nobody can enter it: so it is bound there again.
 */
export class HeldNamespace {
  readonly #options: HeldNamespaceOptions;
  #own: string | undefined;
  #binding: Promise<void> | undefined;
  #onRestored: () => void = () => {};

  constructor(options: HeldNamespaceOptions) {
    this.#options = options;
  }

  /** From now on the namespace that is at the path now belongs there. */
  hold(onRestored: () => void): void {
    this.#own = this.#options.there();
    this.#onRestored = onRestored;
  }

  /**
   * Puts it back if it is not there; else costs one system call.
   * @throws Error when it cannot be put back
   */
  async look(): Promise<void> {
    if (this.#own === undefined || this.#options.there() === this.#own) return;
    this.#binding ??= this.#restore().finally(() => {
      this.#binding = undefined;
    });
    await this.#binding;
  }

  async #restore(): Promise<void> {
    await this.#options.bind();
    this.#onRestored();
  }
}
