export interface LocalEndpoint {
  readonly endpoint: string;
  readonly ip: string;
  readonly sandbox: string;
}

/** How long a task that never listens is waited for, milliseconds: it may want nothing but pings. */
const LISTEN_MS = 10_000;

/**
 * How long Docker's DNS may say nothing at all of a task that the list has, milliseconds. The list has
 * a task once it was in service.
 */
const SILENT_MS = 5_000;

/** How long after its start a task is looked for at each look, milliseconds. */
const YOUNG_MS = 30_000;

/**
 * One endpoint of this host on one network, and whether it is a task in service.
 *
 * Docker's DNS says nothing in time when the Engine is busy, and nothing ever in a container that has
 * flushed Docker's rules. A task is then what it was before: its end is seen by that of its endpoint.
 *
 * A task without a health check is in the DNS before its program listens, which takes some programs
 * seconds. So it is in service only once something in it listens, or has had the time to.
 */
export class LocalTask {
  /** As of the last look: an endpoint may join another namespace. */
  at: LocalEndpoint;
  readonly #onError: (error: Error) => void;
  readonly #since = performance.now();
  /** When it came into the DNS; absent while it is not in it. */
  #inDnsSince: number | undefined;
  #isReady: boolean;
  #wasAnswered = false;
  #isSilent = false;
  #firstAskedAt: number | undefined;
  #passedOver = 0;
  #asking: Promise<void> | undefined;

  /** @param isOld it was there before the agent: in service until the DNS says otherwise */
  constructor(at: LocalEndpoint, isOld: boolean, onError: (error: Error) => void) {
    this.at = at;
    this.#onError = onError;
    this.#isReady = isOld;
    this.#inDnsSince = isOld ? this.#since : undefined;
  }

  get isInDns(): boolean {
    return this.#inDnsSince !== undefined;
  }

  /** Whether Docker's DNS said nothing of it when it was asked last. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  isYoung(): boolean {
    return performance.now() - this.#since < YOUNG_MS;
  }

  /**
   * Whether this look asks for it. What has long been out of service Docker does not know, and asks
   * other servers for: an event tells when it changes.
   * @param rarely how many looks are passed over then
   */
  isDue(rarely: number): boolean {
    if (this.isInDns || this.isYoung()) return true;
    this.#passedOver = (this.#passedOver + 1) % rarely;
    return this.#passedOver === 0;
  }

  /** @param question as `hasTask`; one at a time */
  ask(question: (at: LocalEndpoint) => Promise<boolean | undefined>): Promise<void> {
    this.#asking ??= this.#ask(question)
      .catch(this.#onError)
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  async #ask(question: (at: LocalEndpoint) => Promise<boolean | undefined>): Promise<void> {
    this.#firstAskedAt ??= performance.now();
    const answer = await question(this.at);
    const now = performance.now();
    this.#isSilent = answer === undefined;
    if (answer === undefined) {
      const isLost = !this.#wasAnswered && now - this.#firstAskedAt > SILENT_MS;
      if (isLost) this.#inDnsSince ??= now;
      return;
    }
    this.#wasAnswered = true;
    if (answer) this.#inDnsSince ??= now;
    else this.#inDnsSince = undefined;
  }

  async isServing(isListening: (sandbox: string) => Promise<boolean>): Promise<boolean> {
    if (this.#inDnsSince === undefined) return false;
    const isWaitedFor = performance.now() - this.#inDnsSince <= LISTEN_MS;
    this.#isReady ||= !isWaitedFor || (await isListening(this.at.sandbox));
    return this.#isReady;
  }
}
