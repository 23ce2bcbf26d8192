import type { LocalNetwork } from '../local.ts';
import type { NetworkRecord, WireguardRecord } from '../records.ts';

/** A peer as far as encryption is concerned. */
export interface Candidate {
  readonly address: string;
  readonly node?: string;
  readonly tunnel?: string;
  readonly state: string;
  readonly wireguard?: WireguardRecord;
  readonly networks: ReadonlyMap<string, NetworkRecord>;
}

/** A host that shares an encrypted network with this one, and has told its key. */
export interface Partner {
  /** Where its agent is reached. */
  readonly address: string;
  readonly node: string;
  readonly tunnel: string;
  readonly wireguard: WireguardRecord;
}

export interface Partners {
  /** Sorted by tunnel address. */
  readonly able: readonly Partner[];
  /** Of the others that have such a network, why nothing is sent to them, in sentences. */
  readonly unable: readonly string[];
}

export interface PartnersInput {
  /** Those whose word counts (`judgePeers`). */
  readonly peers: readonly Candidate[];
  readonly networks: readonly LocalNetwork[];
  /** This host's own public key. */
  readonly key: string;
  /** By public key, the tunnel address of the host that has it now. */
  readonly holders: ReadonlyMap<string, string>;
  /** The key that this host is about to have. */
  readonly next?: string | undefined;
}

/**
 * The hosts with which this one shares an encrypted network: these and no others may send it anything there.
 * A key is one host's: this host's own is nobody else's, and of two that name one key who has it keeps it. That
 * a host is about to have a key counts only while no other has it or says the same.
 */
export function partners({ peers, networks, key, holders, next }: PartnersInput): Partners {
  const encrypted = networks.filter((it) => it.options.encrypted === true);
  if (encrypted.length === 0) return { able: [], unable: [] };
  // By key. A node that was reached at two addresses may be two peers, one of them out of date.
  const able = new Map<string, Partner>();
  const places = new Set<string>();
  const unable: string[] = [];
  const holds = ({ tunnel = '', wireguard }: Candidate): boolean =>
    holders.get(wireguard?.key ?? '') === tunnel;
  const rank = (it: Candidate): number => (holds(it) ? 2 : 0) + (it.state === 'up' ? 1 : 0);
  const inTurn = [...peers].sort(
    (a, b) => rank(b) - rank(a) || ((a.tunnel ?? '') < (b.tunnel ?? '') ? -1 : 1),
  );
  for (const { address, node, tunnel, wireguard, networks: theirs } of inTurn) {
    const shared = encrypted.filter((it) => theirs.get(it.id)?.vni === it.vni);
    const agreed = shared.filter((it) => theirs.get(it.id)?.encrypted === true);
    if (shared.length === 0 || node === undefined || tunnel === undefined) continue;
    const refuse = (why: string) => unable.push(`host ${tunnel}: ${why}`);
    const other = wireguard && able.get(wireguard.key);
    if (agreed.length === 0) {
      refuse(`it has network ${shared[0]?.id} without encryption, this host with it`);
    } else if (wireguard === undefined) {
      refuse('it has told no key of WireGuard yet');
    } else if (wireguard.key === key) {
      refuse('it says that this host’s own key of WireGuard is its key');
    } else if (other !== undefined && other.node !== node) {
      refuse(`it says that it has the key of WireGuard that host ${other.tunnel} has`);
    } else if (other === undefined && !places.has(tunnel)) {
      places.add(tunnel);
      able.set(wireguard.key, { address, node, tunnel, wireguard });
    }
  }
  const said = [key, next, ...peers.flatMap((it) => [it.wireguard?.key, it.wireguard?.next])];
  for (const [its, partner] of able) {
    const { next: coming, ...wireguard } = partner.wireguard;
    if (coming === undefined || said.filter((it) => it === coming).length === 1) continue;
    able.set(its, { ...partner, wireguard });
  }
  return { able: [...able.values()].sort((a, b) => (a.tunnel < b.tunnel ? -1 : 1)), unable };
}
