/** What is read of the way between the hosts. */
export interface WayFacts {
  /** Routes to the hosts as `ip route get` tells them, by host; undefined: there is none. */
  readonly routes: ReadonlyMap<string, Route | undefined>;
  readonly links: readonly WayLink[];
  /** Whether some packets of the host are for IPsec to see. */
  readonly ipsec: boolean;
  /** Names of programs at the tc hook of each device that are not castnet's. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
}

export interface Route {
  readonly dev: string;
  /** The router; absent of a host on the same link. */
  readonly gateway?: string;
  /** Whether it is more than a device and a router: of another family, with a header, of several hops. */
  readonly special: boolean;
}

export interface WayLink {
  readonly name: string;
  /** Whether it has Ethernet's header. */
  readonly ethernet: boolean;
  /** The kernel's word for a virtual device; a network card has none. */
  readonly kind?: string;
  /** What it is a member of: a bridge, a bond, a VRF. */
  readonly master?: string;
}

/** How packets of the fast path reach the other hosts. */
export interface FastUnderlay {
  /** The network card; empty when there is none for it. */
  readonly card: string;
  /** The next hop to each host that is reached by it, by the host's address. */
  readonly hops: ReadonlyMap<string, string>;
  /** Why there is no fast path between hosts at all; empty when there is one. */
  readonly problem: string;
  /** Why a host is left to the slow path, by its address. */
  readonly slow: ReadonlyMap<string, string>;
}

/** A veth is a cable between namespaces: a host in a namespace has no other card. */
const CABLES = [undefined, 'veth'];

/**
 * Which card leads to the hosts. It must be a plain one: its program writes an Ethernet header, and
 * packets pass no firewall, no IPsec and no policy of routes after it. Of several cards, the one that
 * leads to most hosts.
 * @param address this host's end of the tunnels
 */
export function fastUnderlay(address: string, facts: WayFacts): FastUnderlay {
  const none = (problem: string): FastUnderlay => ({
    ...{ card: '', problem, hops: new Map(), slow: new Map() },
  });
  if (address.includes(':')) return none('the tunnels are over IPv6');
  if (facts.ipsec) return none('the host has IPsec policies, which its packets would not pass');
  const counts = new Map<string, number>();
  for (const it of facts.routes.values())
    if (it !== undefined) counts.set(it.dev, (counts.get(it.dev) ?? 0) + 1);
  const [card] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0] ?? [''];
  if (card === '') return none('no other host is known yet');
  const problem = whyNotCard(card, facts);
  if (problem !== '') return none(problem);
  const hops = new Map<string, string>();
  const slow = new Map<string, string>();
  for (const [host, route] of [...facts.routes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const why = whyNotRoute(route, card);
    if (why === '') hops.set(host, route?.gateway ?? host);
    else slow.set(host, why);
  }
  return { card, hops, problem: '', slow };
}

function whyNotCard(card: string, { links, foreign }: WayFacts): string {
  const link = links.find((it) => it.name === card);
  if (link === undefined) return `the hosts’ interface ${card} is not to be seen`;
  if (!link.ethernet) return `the hosts’ interface ${card} has no Ethernet header`;
  if (!CABLES.includes(link.kind))
    return `the hosts’ interface ${card} is a ${link.kind}, no network card`;
  if (link.master !== undefined) return `the hosts’ interface ${card} belongs to ${link.master}`;
  const others = foreign.get(card) ?? [];
  if (others.length > 0) return `another program is at ${card}’s tc hook: ${others.join(', ')}`;
  return '';
}

function whyNotRoute(route: Route | undefined, card: string): string {
  if (route === undefined) return 'there is no route to it';
  if (route.dev !== card) return `it is reached by ${route.dev}`;
  return route.special ? 'its route is no plain one' : '';
}
