import type { DataPathPort } from '../docker/data-path-port.ts';
import type { PeerView } from './swarm-link.ts';

export interface SwarmPortOptions {
  /** This host's node id and its peers; absent outside a Swarm. */
  readonly sessions: () => { readonly node: string; views(): readonly PeerView[] } | undefined;
  /** Speak with these managers for a while. */
  readonly ask: (managers: readonly string[]) => void;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/** Hosts with a common network speak with each other within this time, milliseconds. */
const HEAR_FIRST_MS = 15_000;

/** Managers that did not say it, as those of an earlier release, are asked again after this long. */
const ASK_AGAIN_MS = 600_000;

/**
 * The Swarm's `--data-path-port`. A manager's Engine tells it, and its agent tells the other hosts. A
 * worker that shares no network with any manager speaks with one for it, once.
 */
export class SwarmPort {
  readonly #options: SwarmPortOptions;
  readonly #startedAt: number;
  #own: number | undefined;
  /** It is set when the Swarm is made, so what was heard stays true while this host is that node. */
  #heard: { readonly node: string; readonly port: number } | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SwarmPortOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** As this host's own Engine tells it. */
  get own(): number | undefined {
    return this.#own;
  }

  /** As far as this host knows. */
  get known(): number | undefined {
    if (this.#own !== undefined) return this.#own;
    const sessions = this.#options.sessions();
    const port = sessions?.views().find((it) => it.dataPathPort !== undefined)?.dataPathPort;
    if (sessions !== undefined && port !== undefined) this.#heard = { node: sessions.node, port };
    return this.#heard?.node === sessions?.node ? this.#heard?.port : undefined;
  }

  /** What this host's Engine says of it. @returns whether that is something new */
  told({ port, managers }: DataPathPort): boolean {
    const isNew = port !== this.#own;
    this.#own = port;
    if (this.known === undefined) this.#ask(managers);
    return isNew;
  }

  #ask(managers: readonly string[]): void {
    const { now, ask, sessions } = this.#options;
    const at = now();
    if (sessions() === undefined || managers.length === 0) return;
    if (at - this.#startedAt < HEAR_FIRST_MS || at - this.#askedAt < ASK_AGAIN_MS) return;
    this.#askedAt = at;
    ask(managers);
  }
}
