import type { Log } from './log.ts';

export interface PreparationOptions {
  /** As `sandboxIdentity` of the kernel: undefined while there is no namespace. */
  readonly identity: (sandbox: string) => string | undefined;
  /** Resolves when the namespace is there; with false when the signal came first. */
  readonly appears: (sandbox: string, signal: AbortSignal) => Promise<boolean>;
  /** Writes the namespace's rules, before those of any other that waits. */
  readonly write: (sandbox: string) => Promise<void>;
  /** The same, unless there are rules already. */
  readonly writeIfNone: (sandbox: string) => Promise<void>;
  /** Whether every host that Docker lists for a network was heard, or is silent. */
  readonly isHeard: (network: string) => boolean;
  /** Resolves when this host's own kernel leads to its containers. */
  readonly reconcile: () => Promise<void>;
  /** The last change by which containers came to a network; undefined while the others were told nothing. */
  readonly mark: (network: string) => number | undefined;
  /** The hosts of a network whose kernels may not lead to its containers here, up to a change. */
  readonly unconfirmed: (network: string, mark: number) => readonly string[];
  /** Ask Docker now which hosts a network has. */
  readonly askDocker: () => void;
  /** Whether a container of this host is still to come to the namespace. */
  readonly isExpected: (sandbox: string) => boolean;
  readonly log: Log;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/**
 * How long Join may wait in all for the hosts of a network that is new to this agent, milliseconds. Docker
 * has no time-out of its own for Join, and gives `docker run` 20 s before it.
 */
export const HEAR_MS = 3_000;

/**
 * How long Join may wait for the other hosts' kernels to lead to the container, from its beginning,
 * milliseconds. As a rule they do before Docker calls: they are told when the endpoint is made.
 */
export const KNOWN_MS = 3_000;

/** How long Join may wait for the rules of a namespace that is there, milliseconds. */
export const WRITE_MS = 2_000;

/** How often Docker is asked for the hosts of a network meanwhile, milliseconds. */
const ASK_MS = 100;

/** How many namespaces a new agent looks into at once: each look costs 4 ms of a core. */
const AT_ONCE = 4;

/** A namespace that has not come after this long is looked for no more until the next look. */
const EXPECT_MS = 60_000;

/**
 * Has a container's rules in its namespace before its first process runs. The agent learns of a
 * container by Docker's Join. From Docker 28 on the namespace is there by then, and for any Docker when
 * a container that runs joins a further network: so the rules are written before Join is answered. Up
 * to 27 runc makes it afterwards: so its coming is waited for.
 */
export class Preparation {
  readonly #options: PreparationOptions;
  /** When each network was first joined; bounded by those that `forget` leaves. */
  readonly #since = new Map<string, number>();
  /** Bounded by Docker's calls under way. */
  readonly #waiting = new Set<() => void>();
  /** Bounded by this host's containers. */
  readonly #expected = new Map<string, AbortController>();
  /** Hosts that were waited for in vain, and for what; they delay nobody else. Bounded by the peers. */
  readonly #slow = new Map<string, { network: string; mark: number }>();

  constructor(options: PreparationOptions) {
    this.#options = options;
  }

  /**
   * Docker joins a container to a network, and waits: for five seconds at the most.
   * @param sandbox its namespace; undefined: the host's own, which has no rules of services
   */
  async join(network: string, sandbox: string | undefined): Promise<void> {
    const { identity, write, reconcile } = this.#options;
    const known = this.#known(network);
    const own = inTime(reconcile(), WRITE_MS);
    await this.#heard(network);
    if (sandbox === undefined) await own;
    else if (identity(sandbox) === undefined) this.expect(sandbox);
    else await inTime(write(sandbox), WRITE_MS);
    await Promise.all([known, own]);
  }

  /**
   * What an earlier agent was told: a namespace that has come since has no rules.
   * @param sandboxes those that it was told of last come first
   */
  async resume(sandboxes: Iterable<string>): Promise<void> {
    const { identity, writeIfNone } = this.#options;
    const there: string[] = [];
    for (const it of new Set(sandboxes)) {
      if (identity(it) === undefined) this.expect(it);
      else there.push(it);
    }
    const worker = async (): Promise<void> => {
      for (let it = there.shift(); it !== undefined; it = there.shift()) await writeIfNone(it);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /** Writes the rules of a namespace as soon as it is there. */
  expect(sandbox: string): void {
    if (this.#expected.has(sandbox)) return;
    const ending = new AbortController();
    this.#expected.set(sandbox, ending);
    const { signal } = ending;
    const timer = setTimeout(() => ending.abort(), EXPECT_MS).unref();
    void this.#options.appears(sandbox, signal).then((isThere) => {
      clearTimeout(timer);
      if (this.#expected.get(sandbox) === ending) this.#expected.delete(sandbox);
      if (isThere) void this.#options.write(sandbox);
    });
  }

  /** Something is known that was not: the hosts of a network, what one of them says, or has done. */
  changed(): void {
    for (const [host, { network, mark }] of this.#slow) {
      if (!this.#options.unconfirmed(network, mark).includes(host)) this.#slow.delete(host);
    }
    for (const look of this.#waiting) look();
  }

  /** Lets go of what no container will come to any more. */
  forget(networks: ReadonlySet<string>): void {
    for (const id of this.#since.keys()) if (!networks.has(id)) this.#since.delete(id);
    for (const [sandbox, ending] of this.#expected) {
      if (!this.#options.isExpected(sandbox)) ending.abort();
    }
  }

  close(): void {
    for (const ending of this.#expected.values()) ending.abort();
  }

  /**
   * Waits until answers to the container find their way: the other hosts were told of it when Docker
   * made its endpoint, and say when their kernels lead there.
   */
  async #known(network: string): Promise<void> {
    const { mark, unconfirmed, now, log } = this.#options;
    const begun = now();
    let at: number | undefined;
    const awaited = (): readonly string[] | undefined => {
      at ??= mark(network);
      return at === undefined
        ? undefined
        : unconfirmed(network, at).filter((it) => !this.#slow.has(it));
    };
    // A host that can tell nobody anything delays a network's first container alone.
    const end = (): number =>
      at === undefined ? this.#first(network) + HEAR_MS : begun + KNOWN_MS;
    const isDone = (): boolean => awaited()?.length === 0 || now() >= end();
    if (isDone()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isDone()) resolve();
    };
    this.#waiting.add(look);
    const looking = setInterval(look, ASK_MS);
    await promise;
    clearInterval(looking);
    this.#waiting.delete(look);
    const hosts = awaited() ?? [];
    if (at === undefined || hosts.length === 0) return;
    for (const host of hosts) this.#slow.set(host, { network, mark: at });
    log.warn({ network, hosts }, 'a container starts before all hosts know the way to it');
  }

  /** When a network was first joined. */
  #first(network: string): number {
    const since = this.#since.get(network) ?? this.#options.now();
    this.#since.set(network, since);
    return since;
  }

  /** A network's time is counted from its first Join: a host that is silent delays no later one. */
  async #heard(network: string): Promise<void> {
    const { isHeard, askDocker, now, log } = this.#options;
    const since = this.#first(network);
    const left = () => since + HEAR_MS - now();
    if (isHeard(network) || left() <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isHeard(network) || left() <= 0) resolve();
    };
    this.#waiting.add(look);
    const asking = setInterval(() => {
      askDocker();
      look();
    }, ASK_MS);
    askDocker();
    await promise;
    clearInterval(asking);
    this.#waiting.delete(look);
    if (isHeard(network)) return;
    log.warn({ network }, 'a container starts before all hosts of its network were heard');
  }
}

/** Waits for work, but not longer than so many milliseconds. */
async function inTime(work: Promise<void>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
