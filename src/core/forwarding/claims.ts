import { type LocalNetwork, mayHave } from '../local.ts';
import type { NetworkRecord } from '../records.ts';
import type { Fact } from './facts.ts';

/**
 * A host may speak for itself alone. Who it is, its certificate proves; where it takes packets and
 * which addresses its containers have, only the others' words can contradict.
 */
export interface Claimant {
  /** Where its agent is reached, as Docker lists it. */
  readonly address: string;
  readonly node?: string;
  /** Where it says that it takes VXLAN packets. */
  readonly tunnel?: string;
  readonly networks: ReadonlyMap<string, NetworkRecord>;
}

export interface Judged<T extends Claimant> {
  /** Those whose word counts. */
  readonly honest: T[];
  /** In sentences, what is refused of the others. */
  readonly refused: string[];
}

/**
 * Leaves out every peer that names another host's address as the place where it takes packets: this
 * host's own, or one at which another node is reached. Of two that name a third address, the first
 * counts. A node may be reached at several addresses of its own.
 * @param own this host's tunnel address
 */
export function judgePeers<T extends Claimant>(peers: readonly T[], own: string): Judged<T> {
  const holders = new Map<string, Claimant>(peers.map((it) => [it.address, it]));
  const honest: T[] = [];
  const refused: string[] = [];
  for (const peer of peers) {
    const { tunnel, node } = peer;
    const holder = tunnel === undefined ? undefined : holders.get(tunnel);
    const isOthers = holder?.node !== undefined && holder.node !== node;
    if (tunnel !== own && !isOthers) {
      if (tunnel !== undefined && holder?.node === undefined) holders.set(tunnel, peer);
      honest.push(peer);
      continue;
    }
    const whose = tunnel === own ? 'this host' : `the host at ${holder?.address}`;
    refused.push(
      `${nameOf(peer)} says that it takes packets at ${tunnel}, where ${whose} does: all that it says is left out`,
    );
  }
  return { honest, refused };
}

/** Networks that a peer has under another VXLAN id than this host, in sentences. */
export function foreignNetworks(
  peers: readonly Claimant[],
  networks: ReadonlyMap<string, LocalNetwork>,
): string[] {
  return peers.flatMap((peer) =>
    [...peer.networks].flatMap(([id, { vni }]) => {
      const own = networks.get(id)?.vni;
      if (own === undefined || own === vni) return [];
      const words = `${nameOf(peer)} has network ${id} under VXLAN id ${vni}, this host under ${own}`;
      return [`${words}: they do not reach each other on it`];
    }),
  );
}

/** Services with an address that no service of the network can have, in sentences. */
export function strayServices(
  peers: readonly Claimant[],
  networks: ReadonlyMap<string, LocalNetwork>,
): string[] {
  return peers.flatMap((peer) =>
    [...peer.networks].flatMap(([id, { endpoints }]) => {
      const network = networks.get(id);
      if (network === undefined) return [];
      const named = new Map(endpoints.map(({ service }) => [service?.vip, service?.name]));
      return [...named].flatMap(([vip, name]) => {
        if (vip === undefined || mayHave(network, vip)) return [];
        const words = `${nameOf(peer)} says that its service ${name} has the address ${vip}`;
        return [`${words}, which is not of network ${id} (${network.subnet}): it is left out`];
      });
    }),
  );
}

/** What several hosts claim for their containers, in a sentence. */
export function contestedWords(claims: readonly { fact: Fact; by: string }[]): string {
  const [first] = claims;
  if (first === undefined) return '';
  const { fact } = first;
  const what =
    fact.kind === 'neighbour' ? `address ${fact.ip}` : `MAC ${'mac' in fact ? fact.mac : ''}`;
  const hosts = [...new Set(claims.map(({ by }) => (by === '' ? 'this host' : by)))];
  return `${what} is claimed by ${hosts.join(' and ')}; who had it first keeps it`;
}

const nameOf = ({ address, node }: Claimant): string =>
  node === undefined ? `the host at ${address}` : `node ${node} at ${address}`;
