import { derivedIpv6 } from '../../net/cidr.ts';
import { groupMac, isForAll } from '../../net/group.ts';
import { macOfText } from '../../net/mac.ts';
import { wireguardOverhead } from '../../net/mtu.ts';
import { bareAddress, type LocalEndpoint, type LocalNetwork } from '../local.ts';
import { bridgeName, hostLinkName, portName, vxlanOf } from '../names.ts';
import type {
  EndpointRecord,
  GroupRecord,
  NetworkRecord,
  ServiceRecord,
  WireguardRecord,
} from '../records.ts';
import { DEFAULT_MAC, type Fact, nowhere, REPORT_MACS } from './facts.ts';

/**
 * The heart of castnet: from what this host has and what the others say of themselves, everything
 * that this host's kernel must hold.
 *
 * How a multicast packet travels: the bridge has an MDB entry on its VXLAN port for exactly the
 * groups that another host has members of, so a group that nobody remote has joined never reaches
 * the tunnel; the VXLAN device has an entry for the group's MAC with exactly those hosts as
 * destinations. Broadcast, 224.0.0.0/24 and ff02::1 are in no MDB; the bridge floods them and the
 * VXLAN's default entry copies them to every host of the network. Unknown unicast is not flooded:
 * every MAC is known from the records.
 *
 * The cost for each remote container is three entries, for each remote group two and one more for
 * every further host that has members.
 */

/** A peer as this host sees it now. */
export interface Peer {
  /** The address that takes its VXLAN packets. */
  readonly tunnel: string;
  /** Without it nothing of an encrypted network leads there. */
  readonly wireguard?: WireguardRecord;
  readonly networks: ReadonlyMap<string, NetworkRecord>;
}

/** How this host's end of the tunnels looks. */
export interface Tunnel {
  /** Where the others send to; by it they know this host. */
  readonly address: string;
  /** The address of this host that it is bound to, where that is another: behind a translator (NAT). */
  readonly local?: string;
  /** UDP port of VXLAN; every host of the Swarm must have the same. */
  readonly port: number;
  /** MTU for containers, bytes. */
  readonly mtu: number;
}

export interface ForwardingInput {
  readonly tunnel: Tunnel;
  readonly networks: Iterable<LocalNetwork>;
  readonly endpoints: Iterable<LocalEndpoint>;
  readonly peers: Iterable<Peer>;
  /** The largest packet that a container of this host may still send, by network; see `linkSize`. */
  readonly sizes?: ReadonlyMap<string, number>;
}

/**
 * Whether the kernel sends the tunnel's packets whole or not at all. Over IPv6 it makes no fragments of
 * them: they are not a socket's (net/ipv6/ip6_output.c, ip6_fragment, `ignore_df`, which
 * skb_scrub_packet clears; seen with Linux 6.1).
 */
export const carriesWhole = ({ address, local = address }: Pick<Tunnel, 'address' | 'local'>) =>
  local.includes(':');

/**
 * This host's end of a network's tunnels. Those of an encrypted one run between addresses that the hosts
 * have on their WireGuard interfaces alone: each the one by which the others know it.
 */
export const networkTunnel = (
  { options }: Pick<LocalNetwork, 'options'>,
  tunnel: Tunnel,
): Tunnel => {
  if (options.encrypted !== true) return tunnel;
  const { address, port, mtu } = tunnel;
  return { address, port, mtu: mtu - wireguardOverhead(address) };
};

/**
 * The MTU of a network's containers: what was asked for, or what the tunnel carries, which is also the
 * most where it makes no fragments.
 */
export const networkMtu = (network: LocalNetwork, tunnel: Tunnel): number => {
  const { mtu } = networkTunnel(network, tunnel);
  const asked = network.options.mtu ?? mtu;
  return carriesWhole(tunnel) ? Math.min(asked, mtu) : asked;
};

/**
 * By network, the largest MTU that a container of this host was made with. Bridge and tunnel keep it:
 * the kernel drops without a word what a device is too small for, but makes fragments of a tunnel's
 * packet that is too large for its route.
 */
export function linkSizes(endpoints: Iterable<LocalEndpoint>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { network, mtu = 0 } of endpoints) {
    if (mtu > (sizes.get(network) ?? 0)) sizes.set(network, mtu);
  }
  return sizes;
}

/**
 * Bridge and tunnel of a network.
 * @param size the largest link among its containers, bytes
 */
export function linkFacts(network: LocalNetwork, tunnel: Tunnel, size = 0): Fact[] {
  const mtu = Math.max(networkMtu(network, tunnel), size);
  const bridge = bridgeName(network.vni);
  const dev = vxlanOf(network);
  const { address, local = address } = networkTunnel(network, tunnel);
  const to = nowhere(local);
  return [
    {
      kind: 'bridge',
      dev: bridge,
      mac: macOfText(`${bridge} ${tunnel.address}`),
      mtu,
      settled: true,
    },
    {
      kind: 'vxlan',
      dev,
      bridge,
      local,
      port: tunnel.port,
      mtu,
      settled: true,
    },
    ...REPORT_MACS.map((mac): Fact => ({ kind: 'copy', dev, mac, to })),
  ];
}

/**
 * The ids of endpoints whose MAC a later one of the same network has. Docker gives an address away
 * when who had it has gone, but may say only seconds later that it has: so an Engine that was killed
 * and started again. Meanwhile the later one is who is meant.
 */
export function outdated(endpoints: Iterable<LocalEndpoint>): Set<string> {
  const latest = new Map<string, string>();
  const old = new Set<string>();
  for (const { id, network, mac } of endpoints) {
    const key = `${network} ${mac}`;
    const before = latest.get(key);
    if (before !== undefined) old.add(before);
    latest.set(key, id);
  }
  return old;
}

/**
 * A container of this host, or the host itself.
 * @param of.mtu of the host's own link, bytes; a container's is made with it
 */
export function localFacts(
  network: LocalNetwork,
  endpoint: LocalEndpoint,
  { isOutdated, mtu }: { isOutdated: boolean; mtu: number },
): Fact[] {
  if (endpoint.barred !== undefined) return [];
  const dev = portName(endpoint.id);
  const bridge = bridgeName(network.vni);
  const port: Fact = { kind: 'port', dev, bridge, settled: true };
  if (isOutdated) return [port];
  const station: Fact = { kind: 'station', bridge, dev, mac: endpoint.mac };
  if (endpoint.exposed === undefined) return [port, station];
  const { mac, address } = endpoint;
  const { ipv6 } = network.options;
  const six = ipv6 === undefined ? '' : ` ${derivedIpv6(ipv6, bareAddress(address))}`;
  const link = { dev: hostLinkName(network.vni), port: dev, mac, addresses: address + six, mtu };
  return [{ kind: 'host-link', ...link, settled: true }, port, station];
}

/** Values of a record, and the facts that follow from each of them alone. */
export interface PeerPart<T = unknown> {
  /** Unique within the record. */
  readonly key: string;
  readonly values: readonly T[];
  readonly facts: (value: T) => Fact[];
}

/** What follows from a peer's record of a network. */
export function peerParts(network: LocalNetwork, peer: Peer): PeerPart[] {
  const theirs = peer.networks.get(network.id);
  // A peer that numbers the network otherwise is not on this network's wire: its frames would
  // arrive in another network, so it gets none of ours. `status` reports it.
  if (theirs === undefined || theirs.vni !== network.vni) return [];
  if (!agreeOnEncryption(network, theirs, peer)) return [];
  const dev = vxlanOf(network);
  const way = { dev, bridge: bridgeName(network.vni), to: peer.tunnel };
  const { endpoints, groups } = theirs;
  const parts: [PeerPart<string>, PeerPart<EndpointRecord>, PeerPart<GroupRecord>] = [
    {
      key: 'host',
      values: [way.to],
      facts: (to) => [{ kind: 'copy', dev, mac: DEFAULT_MAC, to }],
    },
    { key: 'endpoints', values: endpoints, facts: (it) => endpointFacts(way, it) },
    { key: 'groups', values: groups, facts: (it) => groupFacts(way, it) },
  ];
  return parts as PeerPart[];
}

/** Whether both have the network in clear, or both encrypted and the peer a key. */
const agreeOnEncryption = (
  { options }: LocalNetwork,
  theirs: NetworkRecord,
  { wireguard }: Peer,
): boolean =>
  options.encrypted === true
    ? theirs.encrypted === true && wireguard !== undefined
    : theirs.encrypted !== true;

interface Way {
  readonly dev: string;
  readonly bridge: string;
  readonly to: string;
}

/**
 * ARP is answered here. Neighbour discovery of IPv6 needs no help: it asks a group that only the
 * host of the container has joined.
 */
function endpointFacts({ dev, bridge, to }: Way, { ip, mac }: EndpointRecord): Fact[] {
  return [
    { kind: 'route', dev, mac, to },
    { kind: 'station', bridge, dev, mac },
    { kind: 'neighbour', dev: bridge, ip, mac },
  ];
}

function groupFacts({ dev, bridge, to }: Way, { group, mode, sources }: GroupRecord): Fact[] {
  const mac = groupMac(group);
  return [
    // An entry of its own would take 224.0.0.251 from every other host where someone has joined
    // 239.0.0.251: such a group is left to the default entry.
    ...(isForAll(mac) ? [] : [{ kind: 'copy', dev, mac, to } as const]),
    ...(mode === 'exclude'
      ? [{ kind: 'member', bridge, dev, group, settled: true } as const]
      : sources.map(
          (source): Fact => ({ kind: 'member', bridge, dev, group, source, settled: true }),
        )),
  ];
}

/** What this host tells the others of one of its networks. */
export function networkRecord(options: {
  readonly network: LocalNetwork;
  readonly endpoints: Iterable<LocalEndpoint>;
  readonly groups: readonly GroupRecord[];
  /** The place of an endpoint in its service, by endpoint id. */
  readonly services: ReadonlyMap<string, ServiceRecord>;
}): NetworkRecord {
  const { network, groups, services } = options;
  const endpoints = [...options.endpoints]
    .filter((it) => it.network === network.id)
    .map(({ id, address, mac }): EndpointRecord => {
      const ip = bareAddress(address);
      const service = services.get(id);
      const { ipv6 } = network.options;
      return {
        id,
        ip,
        mac,
        ...(ipv6 === undefined ? {} : { ip6: bareAddress(derivedIpv6(ipv6, ip)) }),
        ...(service === undefined ? {} : { service }),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const { encrypted } = network.options;
  return { vni: network.vni, ...(encrypted ? { encrypted } : {}), endpoints, groups };
}
