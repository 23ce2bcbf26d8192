/**
 * Which of a host's addresses takes its tunnel packets. It is the one that Docker's own overlay
 * takes (moby, daemon/cluster/cluster.go, `newNodeRunner`, and listen_addr.go), so that whoever had
 * a working overlay network has nothing to set.
 */

/** What Docker has saved of a host's addresses, without ports; only `remotes` after a plain join. */
export interface SwarmAddresses {
  /** `--data-path-addr`. */
  readonly dataPath: string | undefined;
  /** `--advertise-addr`, or what `docker swarm init` found by itself. */
  readonly advertised: string | undefined;
  /** Where Docker's gossip listens; a particular `--listen-addr` counts as it. */
  readonly local: string | undefined;
  /** Other managers, `HOST:PORT`, the one that was joined first; a host may be a name. */
  readonly remotes: readonly string[];
}

/** What a person has set, which comes before what Docker says. */
export interface AddressSettings {
  /** CASTNET_TUNNEL_ADDRESS: an address of this host. */
  readonly bound: string | undefined;
  /** CASTNET_ADVERTISE_ADDRESS: the one at which the others reach it. */
  readonly told: string | undefined;
}

export interface AddressChoice {
  /** The address of this host; or it is the local one of a route to one of these managers. */
  readonly bound: string | { readonly towards: readonly string[] };
  /** What the others are told instead, where they reach this host at another address. */
  readonly told: string | undefined;
  /** Whether Docker's managers are on the network of the tunnels, as far as that is known. */
  readonly withManagers: boolean;
}

/**
 * @param from.here the addresses that this host's interfaces have
 * @returns undefined when this host is in no Swarm
 */
export function chooseAddress(from: {
  readonly settings: AddressSettings;
  readonly swarm: SwarmAddresses | undefined;
  readonly here: { has(address: string): boolean };
}): AddressChoice | undefined {
  const { settings, swarm, here } = from;
  const { bound, told } = settings;
  if (bound !== undefined) return { bound, told, withManagers: false };
  if (swarm === undefined) return undefined;
  const { dataPath, advertised, local, remotes } = swarm;
  // It was chosen for the data: another must not take its place while it is not there.
  if (dataPath !== undefined) return { bound: dataPath, told, withManagers: false };
  if (advertised !== undefined && here.has(advertised)) {
    return { bound: advertised, told, withManagers: true };
  }
  // An advertised one that no interface has is a translator's (NAT), or is not there yet.
  const byDefault = local === advertised ? undefined : advertised;
  return {
    bound: local ?? { towards: remotes },
    told: told ?? byDefault,
    withManagers: true,
  };
}

/**
 * The address of `10.0.0.1`, `10.0.0.1:2377`, `[fd00::1]:2377`; undefined for one that means every
 * interface, and for no text.
 */
export function hostPart(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const colons = text.split(':').length - 1;
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1];
  const bare = bracketed ?? (colons === 1 ? text.slice(0, text.indexOf(':')) : text);
  return /^(0\.0\.0\.0|::)?$/.test(bare) ? undefined : bare;
}
