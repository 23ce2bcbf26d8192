import { Coalesced } from '../core/coalesced.ts';
import {
  type Carrier,
  carriersOf,
  LEVEL_MOST,
  type Routing,
  routesByDocker,
  routeWork,
} from '../core/multicast-route.ts';
import type { Log } from './log.ts';
import type { KeptEndpoint, State } from './state.ts';

export interface DiscoveryOptions {
  readonly state: Pick<State, 'endpoints' | 'networks'>;
  /** As `sandboxIdentity` of the kernel: undefined while there is no namespace. */
  readonly identity: (sandbox: string) => string | undefined;
  /** @throws Error when the namespace cannot be entered */
  readonly read: (sandbox: string) => Promise<Routing>;
  /** @param lines of `ip -batch`. @throws Error in ip's words */
  readonly change: (sandbox: string, lines: readonly string[]) => Promise<void>;
  readonly log: Log;
}

/** When a look is repeated while an interface is not there yet, milliseconds after the one before. */
const AGAIN_MS = [20, 100, 400, 1_500, 4_000, 10_000];

/** One container's routes while they are brought about. */
interface Work {
  readonly turns: Coalesced;
  tries: number;
  timer?: NodeJS.Timeout;
}

/**
 * The containers' routes for multicast and broadcast (core/multicast-route.ts). Docker makes those of a
 * container's first network, since nobody can be there earlier. But they have no metric, it makes none
 * beside others, and takes such as are there for a failure. So for a container with several networks,
 * or with a route of its own, they are made here, as soon as the interfaces are up.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  /** Bounded by this host's containers; one that is settled has none. */
  readonly #work = new Map<string, Work>();
  /** Why containers have no routes, once their interfaces have had their time; bounded likewise. */
  readonly #lacking = new Map<string, string>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /**
   * An endpoint joins its container, and is in the state.
   * @returns the routes that Docker shall make
   */
  async join(id: string): Promise<readonly string[]> {
    const { state } = this.#options;
    const { sandbox = '', staticRoutes, staticLevel } = state.endpoints.get(id) as KeptEndpoint;
    // Docker calls again when it heard no answer: it gets the same.
    const level =
      staticRoutes === undefined
        ? await this.#levelOf(id, sandbox)
        : staticRoutes
          ? (staticLevel ?? 0)
          : undefined;
    const now = state.endpoints.get(id);
    const isMade = { staticRoutes: level !== undefined, staticLevel: level ?? 0 };
    if (now !== undefined) state.endpoints.set({ ...now, ...isMade });
    this.settle(sandbox);
    return level === undefined ? [] : routesByDocker(level);
  }

  /** The level of the routes that Docker shall make for an endpoint; undefined: none. */
  async #levelOf(id: string, sandbox: string): Promise<number | undefined> {
    const carriers = this.#carriers(sandbox);
    if (!carriers.some(({ endpoint }) => endpoint.id === id)) return undefined;
    const isThere = this.#options.identity(sandbox) !== undefined;
    if (carriers[0]?.endpoint.id !== id) return undefined;
    const others = carriers.map(({ endpoint }) =>
      endpoint.staticRoutes === true ? (endpoint.staticLevel ?? 0) : -1,
    );
    const level = Math.max(...others) + 1;
    if (level > LEVEL_MOST) return undefined;
    // Beside networks whose routes are the agent's, so are these: its own may be on their way already.
    if (isThere && carriers.length > 1 && level === 0) return undefined;
    return isThere && (await this.#hasRoutes(sandbox, level)) ? undefined : level;
  }

  /** A container has other networks than before. */
  settle(sandbox: string | undefined): void {
    if (sandbox === undefined) return;
    const { state } = this.#options;
    const [best] = this.#carriers(sandbox);
    for (const it of this.#endpoints(sandbox)) {
      const carriesMulticast = it.id === best?.endpoint.id;
      if ((it.carriesMulticast ?? false) !== carriesMulticast)
        state.endpoints.set({ ...it, carriesMulticast });
    }
    this.#begin(sandbox);
  }

  /** An endpoint's interface is up. */
  up(id: string): void {
    const sandbox = this.#options.state.endpoints.get(id)?.sandbox;
    const work = sandbox === undefined ? undefined : this.#work.get(sandbox);
    if (sandbox === undefined || work === undefined) return;
    this.#request(sandbox, work);
  }

  /** What an earlier agent may not have come to. */
  resume(): void {
    const all = [...this.#options.state.endpoints.values()].flatMap((it) => it.sandbox ?? []);
    for (const sandbox of new Set(all)) this.settle(sandbox);
  }

  /** The containers without routes for multicast, in words. */
  lacking(): string[] {
    return [...this.#lacking].map(([sandbox, reason]) => `${sandbox}: ${reason}`);
  }

  /** Tries once more what failed for too long. */
  again(): void {
    const tried = [...this.#lacking.keys()].filter((it) => !this.#work.has(it));
    for (const sandbox of tried) this.#begin(sandbox);
  }

  close(): void {
    for (const { timer } of this.#work.values()) clearTimeout(timer);
    this.#work.clear();
  }

  #begin(sandbox: string): void {
    const before = this.#work.get(sandbox);
    clearTimeout(before?.timer);
    if (!isOurs(this.#carriers(sandbox))) {
      this.#work.delete(sandbox);
      this.#lacking.delete(sandbox);
      return;
    }
    const turns = before?.turns ?? new Coalesced(() => this.#turn(sandbox));
    const work: Work = { turns, tries: 0 };
    this.#work.set(sandbox, work);
    // After Join's answer, by which Docker moves the interface in.
    setImmediate(() => this.#request(sandbox, work));
  }

  #request(sandbox: string, work: Work): void {
    if (this.#work.get(sandbox) === work) void work.turns.request();
  }

  async #turn(sandbox: string): Promise<void> {
    const { identity, read, change, log } = this.#options;
    const work = this.#work.get(sandbox);
    const carriers = this.#carriers(sandbox);
    if (work === undefined || !isOurs(carriers)) return;
    clearTimeout(work.timer);
    let reason = 'its namespace or an interface is not there';
    try {
      if (identity(sandbox) !== undefined) {
        const { lines, awaited } = routeWork(carriers, await read(sandbox));
        if (lines.length > 0) await change(sandbox, lines);
        if (awaited.length === 0) {
          this.#converted(carriers);
          this.#work.delete(sandbox);
          this.#lacking.delete(sandbox);
          return;
        }
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    const wait = AGAIN_MS[work.tries++];
    if (wait !== undefined) {
      work.timer = setTimeout(() => this.#request(sandbox, work), wait).unref();
      return;
    }
    this.#work.delete(sandbox);
    // Without a namespace there is no container that would miss them.
    if (identity(sandbox) === undefined) {
      this.#lacking.delete(sandbox);
      return;
    }
    if (!this.#lacking.has(sandbox))
      log.warn({ sandbox, reason }, 'a container has no routes for multicast');
    this.#lacking.set(sandbox, reason);
  }

  /** Docker's own routes are gone: from now on a route without a metric is the container's. */
  #converted(carriers: readonly Carrier<KeptEndpoint>[]): void {
    const { state } = this.#options;
    for (const { endpoint } of carriers) {
      const now = state.endpoints.get(endpoint.id);
      if (now === undefined || !endpoint.staticRoutes) continue;
      state.endpoints.set({ ...now, staticRoutes: false });
    }
  }

  /** Whether one is there of what Docker would have to make. */
  async #hasRoutes(sandbox: string, level: number): Promise<boolean> {
    const made = routesByDocker(level);
    try {
      const { routes } = await this.#options.read(sandbox);
      return routes.some((it) => it.metric === 0 && made.includes(it.to));
    } catch {
      // Not known: Docker's failure would be the worse one.
      return true;
    }
  }

  #carriers(sandbox: string): Carrier<KeptEndpoint>[] {
    return carriersOf(this.#endpoints(sandbox), (id) => this.#options.state.networks.get(id));
  }

  #endpoints(sandbox: string): KeptEndpoint[] {
    return [...this.#options.state.endpoints.values()].filter((it) => it.sandbox === sandbox);
  }
}

/** Whether the routes are for the agent to make: Docker's are enough for one that has no others. */
const isOurs = (carriers: readonly Carrier<KeptEndpoint>[]): boolean =>
  carriers.length > 1 || carriers.some(({ endpoint }) => endpoint.staticRoutes === false);
