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

/** The address is known, or is the local one of a route to one of the managers. */
export type AddressChoice =
  | { readonly address: string; readonly from: AddressSource }
  | { readonly towards: readonly string[] };

export type AddressSource = 'setting' | 'data-path' | 'advertised' | 'local';

/**
 * @param from.here the addresses that this host's interfaces have
 * @returns undefined when this host is in no Swarm
 */
export function chooseAddress(from: {
  readonly setting: string | undefined;
  readonly swarm: SwarmAddresses | undefined;
  readonly here: { has(address: string): boolean };
}): AddressChoice | undefined {
  const { setting, swarm, here } = from;
  if (setting !== undefined) return { address: setting, from: 'setting' };
  if (swarm === undefined) return undefined;
  const { dataPath, advertised, local, remotes } = swarm;
  if (dataPath !== undefined) return { address: dataPath, from: 'data-path' };
  // One that no interface has is a translator's, or belongs to an interface that is not up yet.
  if (advertised !== undefined && here.has(advertised)) {
    return { address: advertised, from: 'advertised' };
  }
  if (local !== undefined) return { address: local, from: 'local' };
  return { towards: remotes };
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
