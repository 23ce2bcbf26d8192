import type { LocalEndpoint, LocalNetwork, NetworkOptions } from './local.ts';

/**
 * Which of a container's networks has its multicast: that with the highest priority, of equal ones
 * that with the lowest VNI. Both are what a user sees and sets, and the same for every container on
 * the same networks; the order of Docker's calls, which takes a service's networks from a Go map, has
 * no part in it.
 *
 * Each network has routes of its own, with a metric that follows from the two, so the kernel chooses:
 * when an interface goes, the next best network has the multicast at once, and a route without a
 * metric, which a container made itself, wins.
 */

/** What leaves by no default route, since that leads to docker_gwbridge in Swarm's containers. */
export const DISCOVERY = ['224.0.0.0/4', '255.255.255.255/32'] as const;

/** The most that `routesByDocker` makes of it: sixteen routes. */
export const LEVEL_MOST = 4;

/**
 * What Docker is told to make for a container's network. It can neither give a route a metric nor
 * replace one. So for a network that it joins later, but that has the multicast, it makes the same in
 * longer prefixes, and the kernel takes these (RFC 4632 section 5.1) from the container's first packet
 * on. Broadcast has no longer prefix: it follows when the agent has made its own.
 * @param level how many networks before it have such routes
 */
export function routesByDocker(level: number): readonly string[] {
  if (level === 0) return DISCOVERY;
  const size = 2 ** (28 - level);
  return Array.from({ length: 2 ** level }, (_, at) => {
    const address = 0xe0000000 + at * size;
    const bytes = [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256);
    return `${bytes.join('.')}/${4 + level}`;
  });
}

export const PRIORITY_LEAST = -100;
export const PRIORITY_MOST = 100;

/** What a network says of itself, and an attachment of itself alone. */
export type RouteWish = Pick<NetworkOptions, 'multicastRoute' | 'multicastPriority'>;

/** Reads a setting: `on`, `off` or a priority. @returns undefined for anything else */
export function readRouteWish(text: string): RouteWish | undefined {
  if (text === 'off') return { multicastRoute: false };
  if (text === 'on') return { multicastRoute: true };
  const priority = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(priority >= PRIORITY_LEAST && priority <= PRIORITY_MOST)) return undefined;
  return { multicastRoute: true, multicastPriority: priority };
}

/** One of a container's interfaces that may carry its multicast. */
export interface Carrier<E extends LocalEndpoint = LocalEndpoint> {
  readonly endpoint: E;
  /** Of its routes: the lowest wins. Never 0, which is a route without a metric. */
  readonly metric: number;
}

/**
 * A container's interfaces that may carry its multicast, the one that does first.
 * @param endpoints those of one container
 */
export function carriersOf<E extends LocalEndpoint>(
  endpoints: Iterable<E>,
  network: (id: string) => LocalNetwork | undefined,
): Carrier<E>[] {
  return [...endpoints]
    .flatMap((endpoint): Carrier<E>[] => {
      const on = network(endpoint.network);
      if (on === undefined) return [];
      const { multicastRoute, multicastPriority } = { ...on.options, ...endpoint.routeWish };
      if (multicastRoute === false) return [];
      return [{ endpoint, metric: routeMetric(multicastPriority ?? 0, on.vni) }];
    })
    .sort((a, b) => a.metric - b.metric);
}

/** A VNI has 24 bits, so priorities are 2 to the 24th apart; the highest has 0 there. */
export function routeMetric(priority: number, vni: number): number {
  return (PRIORITY_MOST - priority) * 2 ** 24 + vni;
}

/** What a container's kernel has, as far as it matters here. */
export interface Routing {
  readonly links: readonly { readonly dev: string; readonly mac: string; readonly up: boolean }[];
  readonly routes: readonly HeldRoute[];
}

export interface HeldRoute {
  /** As `224.0.0.0/4`. */
  readonly to: string;
  readonly dev: string;
  /** 0 when it has none. */
  readonly metric: number;
}

export interface RouteWork {
  /** Lines of `ip -batch`; none when all is there. */
  readonly lines: readonly string[];
  /** Endpoints whose interface is not up yet, or has not yet what Docker was told to make. */
  readonly awaited: readonly string[];
}

/**
 * What gives a container its routes: those that miss are added before those are taken away that Docker
 * made without a metric, for the interface that it was told to (`staticRoutes`). While Docker is at work
 * none is taken away: what it makes next would win, and a socket that is connected to a group then stays
 * with that interface (Linux, net/ipv4/route.c, ip_route_output_key_hash_rcu).
 */
export function routeWork(carriers: readonly Carrier[], { links, routes }: Routing): RouteWork {
  const [added, awaited]: [string[], string[]] = [[], []];
  /** By level: a longer prefix goes after the shorter ones, which would have the multicast meanwhile. */
  const removed: string[][] = [];
  for (const { endpoint, metric } of carriers) {
    const dev = links.find((it) => it.up && it.mac === endpoint.mac)?.dev;
    if (dev === undefined) {
      awaited.push(endpoint.id);
      continue;
    }
    for (const to of DISCOVERY) {
      const own = routes.filter((it) => it.to === to && it.dev === dev);
      if (!own.some((it) => it.metric === metric))
        added.push(`route replace ${to} dev ${dev} metric ${metric}`);
    }
    const level = endpoint.staticLevel ?? 0;
    for (const to of endpoint.staticRoutes === true ? routesByDocker(level) : []) {
      if (!routes.some((it) => it.to === to && it.dev === dev && it.metric === 0)) continue;
      removed[level] ??= [];
      removed[level].push(`route del ${to} dev ${dev} metric 0`);
    }
    const isMade = routes.some((it) => it.dev === dev && it.metric === 0);
    if (endpoint.staticRoutes === true && !isMade) awaited.push(endpoint.id);
  }
  const lines = awaited.length > 0 ? added : [...added, ...removed.flat()];
  return { lines, awaited };
}
