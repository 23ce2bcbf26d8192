/** What the host's own namespace has, as far as it says by which way other hosts are reached. */
export interface UnderlayFacts {
  readonly links: readonly HostLink[];
  /** Interfaces of default routes, of all tables and next hops. */
  readonly defaults: readonly string[];
  /** Interfaces of the routes to other hosts, of all next hops. */
  readonly ways: readonly string[];
}

export interface HostLink {
  readonly name: string;
  readonly mac?: string;
  /** The kernel's word for a virtual device, as bridge, veth, bond; a network card has none. */
  readonly kind?: string;
  readonly master?: string;
  readonly addresses: readonly string[];
}

export interface Underlay {
  /** Interfaces by which packets of other hosts may come; sorted. */
  readonly interfaces: readonly string[];
  /** Their MAC addresses; sorted. */
  readonly macs: readonly string[];
}

/**
 * The interfaces that belong to the network between the hosts, by what they are and never by what
 * they are called: every network card, whatever is a way to another host or to the rest of the
 * world, and what carries the tunnels' address. What Docker makes for containers is none of these.
 * The cards count all, since packets may return by another than they leave by.
 * @param tunnel this host's tunnel address, where it is known
 * @param exposed the host's own links to castnet's networks: by them containers come, whatever routes say
 */
export function underlay(
  facts: UnderlayFacts,
  tunnel: string | undefined,
  exposed: readonly string[] = [],
): Underlay {
  const byName = new Map(facts.links.map((it) => [it.name, it]));
  const chosen = new Set([...facts.defaults, ...facts.ways]);
  for (const { name, kind, addresses } of facts.links) {
    if (kind === undefined || (tunnel !== undefined && addresses.includes(tunnel))) {
      chosen.add(name);
    }
  }
  // What arrives by a member of a VRF is the VRF's by the time that rules see it.
  for (const name of [...chosen]) {
    const master = byName.get(byName.get(name)?.master ?? '');
    if (master?.kind === 'vrf') chosen.add(master.name);
  }
  // A host's way to itself: what comes by it is never another host's.
  chosen.delete('lo');
  for (const it of exposed) chosen.delete(it);
  const interfaces = [...chosen].sort();
  const macs = interfaces.flatMap((it) => byName.get(it)?.mac ?? []);
  return { interfaces, macs: [...new Set(macs)].sort() };
}
