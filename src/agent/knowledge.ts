import {
  contestedWords,
  foreignNetworks,
  judgePeers,
  strayServices,
} from '../core/forwarding/claims.ts';
import type { DesiredInput, DesiredState } from '../core/forwarding/desired-state.ts';
import type { Fact } from '../core/forwarding/facts.ts';
import {
  linkSizes,
  networkRecord,
  outdated,
  type Peer,
  type Tunnel,
} from '../core/forwarding/forwarding.ts';
import { staleFacts } from '../core/forwarding/stale-facts.ts';
import { bareAddress, type LocalEndpoint, type LocalNetwork, mayHave } from '../core/local.ts';
import { groupsOf, type Membership } from '../core/membership/membership.ts';
import { admit, type RefusedGroups } from '../core/membership/policy.ts';
import { bridgeName } from '../core/names.ts';
import type { HostRecord, WireguardRecord } from '../core/records.ts';
import { type Service, servicesOf } from '../core/services/services.ts';
import type { StaleTasks } from '../core/services/stale-tasks.ts';
import type { SwarmView } from '../docker/watch.ts';
import type { State } from './state.ts';
import type { PeerView } from './swarm-link.ts';
import type { HostsKnown } from './tunnel-guard.ts';

/** All that the agent knows at one moment; whatever it wants follows from this alone. */
export interface Knowledge {
  readonly state: State;
  /** This host's node id; absent while it has no sessions. */
  readonly node: string | undefined;
  readonly tunnel: Tunnel | undefined;
  /** The Swarm's `--data-path-port`, where this host's Engine tells it: on managers. */
  readonly dataPathPort?: number | undefined;
  /** Where this host takes WireGuard's packets, and its key; absent without an encrypted network. */
  readonly wireguard?: WireguardRecord | undefined;
  /** Absent until Docker has answered. */
  readonly swarm: SwarmView | undefined;
  readonly peers: readonly PeerView[];
  /** What containers of a bridge have joined. */
  readonly memberships: (bridge: string) => readonly Membership[];
  /** The containers of a bridge that are not listened to for now. */
  readonly silenced: (bridge: string) => readonly RefusedGroups[];
  /** Endpoints and networks that Docker knows nothing of, as probes have them. */
  readonly ephemeral: readonly LocalEndpoint[];
  readonly ephemeralNetworks: readonly LocalNetwork[];
}

/** The networks that this host takes part in, those of probes among them. */
export const networksOf = ({ state, ephemeralNetworks }: Knowledge): LocalNetwork[] => [
  ...state.networks.values(),
  ...ephemeralNetworks,
];

/** Whether a peer has yet to say what it has of some network that we share. */
const unheard = (it: PeerView): boolean =>
  it.state === 'connecting' || (it.state !== 'silent' && it.awaited);

/**
 * Lists of the Swarm's nodes: this host's own on a manager, else those of the managers that speak
 * with it. None: whoever has a certificate counts as a node.
 */
export function memberLists({ swarm, peers }: Knowledge): ReadonlySet<string>[] {
  if (swarm?.nodes !== undefined) return [swarm.nodes];
  return peers.flatMap((it) => (it.state === 'up' && it.nodes !== undefined ? [it.nodes] : []));
}

/**
 * The addresses from which hosts of the Swarm send, as far as is known: where they take packets, where
 * their agents are reached, and what Docker lists.
 * @param heard whether no host is left that an earlier agent knew
 */
export function hostsKnown(
  knowledge: Knowledge,
  unlisted: readonly string[],
  heard: boolean,
): HostsKnown {
  const lists = memberLists(knowledge);
  const isGone = ({ node }: PeerView) =>
    node !== undefined && lists.length > 0 && !lists.some((it) => it.has(node));
  const ends = (peers: readonly PeerView[]) => peers.flatMap((it) => [it.address, it.tunnel ?? []]);
  const { peers, swarm } = knowledge;
  const listed = [...(swarm?.networks.values() ?? [])].flatMap((it) => it.hosts);
  const here = peers.filter((it) => !isGone(it));
  return {
    named: new Set([...ends(here), ...listed, ...unlisted].flat()),
    barred: new Set(ends(peers.filter(isGone)).flat()),
    complete: heard,
  };
}

/** Whether Docker has listed the hosts of all networks, and each of them was heard or is silent. */
export function allHeard({ swarm, node, peers }: Knowledge): boolean {
  return swarm?.unanswered.size === 0 && node !== undefined && !peers.some(unheard);
}

/**
 * Whether each host that Docker lists for a network was heard, or is silent.
 * @param own all addresses by which Docker may list this host; until it does, its list is not whole
 */
export function networkHeard(
  { swarm, node, peers }: Knowledge,
  network: string,
  own: readonly string[],
): boolean {
  const hosts = swarm?.networks.get(network)?.hosts ?? [];
  if (node === undefined || !hosts.some((it) => own.includes(it))) return false;
  const heard = new Set(peers.flatMap((it) => (unheard(it) ? [] : [it.address])));
  return hosts.every((it) => own.includes(it) || heard.has(it));
}

/**
 * The addresses of the hosts that have a network and an agent that speaks, but are not known to forward
 * to the containers of this one.
 * @param confirmed by node
 */
export function unconfirmed(
  { peers }: Knowledge,
  network: string,
  confirmed: ReadonlyMap<string, boolean>,
): string[] {
  return peers
    .filter(
      ({ state, node = '', networks }) =>
        state === 'up' && networks.has(network) && confirmed.get(node) !== true,
    )
    .map((it) => it.address);
}

/** The MAC of a container's address on a network, as this host or whoever speaks to it says. */
export function macOf(
  { state, peers }: Knowledge,
  network: string,
  ip: string,
): string | undefined {
  const own = state.endpointsOf(network).find((it) => bareAddress(it.address) === ip);
  if (own !== undefined) return own.mac;
  const all = peers.flatMap((it) => it.networks.get(network)?.endpoints ?? []);
  return all.find((it) => it.ip === ip)?.mac;
}

/** What this host tells the others; undefined while it does not know who or where it is. */
export function hostRecord(knowledge: Knowledge): HostRecord | undefined {
  const { state, node, tunnel, dataPathPort, wireguard, memberships, ephemeral } = knowledge;
  if (node === undefined || tunnel === undefined) return undefined;
  const services = new Map(
    [...state.services.values()].map(({ id, ...service }) => [id, service] as const),
  );
  const networks = networksOf(knowledge).map((network) => {
    const { rows } = admit(memberships(bridgeName(network.vni)), network.options);
    const groups = groupsOf(rows);
    const all = [...state.endpointsOf(network.id), ...ephemeral];
    const old = outdated(all);
    const endpoints = all.filter((it) => !old.has(it.id) && it.barred === undefined);
    return [network.id, networkRecord({ network, endpoints, groups, services })] as const;
  });
  return {
    node,
    tunnel: tunnel.address,
    ...(dataPathPort === undefined ? {} : { dataPathPort }),
    ...(wireguard === undefined ? {} : { wireguard }),
    networks: new Map(networks),
  };
}

/**
 * What everything the kernel shall hold follows from; undefined while that cannot be known, and then
 * nothing is to be changed.
 * @param stale what an earlier agent left that leads to other hosts. Nothing of it is taken
 *   away before the host it leads to was heard: one whose agent is down too still forwards, and
 *   its containers still listen.
 * @param isOpen whether a network's tunnel may be there
 */
export function desiredInput(
  knowledge: Knowledge,
  stale: readonly Fact[],
  isOpen: (network: LocalNetwork) => boolean = () => true,
): DesiredInput | undefined {
  const { state, ephemeral, tunnel, peers } = knowledge;
  // Without an address of its own the host has no tunnels; without networks it needs none.
  if (tunnel === undefined) {
    if (state.networks.size > 0) return undefined;
    const nowhere = { address: '', port: 0, mtu: 0 };
    return { tunnel: nowhere, networks: [], endpoints: [], peers: [] };
  }
  const input = {
    tunnel,
    networks: networksOf(knowledge).filter(isOpen),
    endpoints: [...state.endpoints.values(), ...ephemeral],
    sizes: linkSizes(state.endpoints.values()),
    peers: judgePeers(peers, tunnel.address).honest.flatMap(
      ({ tunnel: address, wireguard, networks }): Peer[] =>
        address === undefined
          ? []
          : [{ tunnel: address, networks, ...(wireguard === undefined ? {} : { wireguard }) }],
    ),
  };
  return stale.length === 0 ? input : { ...input, stale: staying(knowledge, stale) };
}

/** What stays for now of the entries that an earlier agent left: those to hosts not heard yet. */
export function staying(knowledge: Knowledge, stale: readonly Fact[]): Fact[] {
  // Of a host that was silent from the start no more is known than Docker's word.
  const heard = knowledge.peers.flatMap((it) => (unheard(it) ? [] : [it.tunnel ?? it.address]));
  const vnis = networksOf(knowledge).map((it) => it.vni);
  return staleFacts(stale, { heard: new Set(heard), vnis: new Set(vnis) });
}

/** In sentences, what hosts say that cannot be so, and is refused. */
export function conflicts({ state, tunnel, peers }: Knowledge, wanted: DesiredState): string[] {
  const { honest, refused } = judgePeers(peers, tunnel?.address ?? '');
  const networks = new Map([...state.networks.values()].map((it) => [it.id, it]));
  const contested = wanted.contested().map(({ claims }) => contestedWords(claims));
  const foreign = foreignNetworks(honest, networks);
  return [...new Set([...refused, ...foreign, ...strayServices(honest, networks), ...contested])];
}

type ServicesOf = ReadonlyMap<string, readonly Service[]>;

/**
 * The services of each network of this host, by Docker's id.
 * @param of.own what this host says of itself
 * @param of.before the last answer: a service without tasks is remembered
 * @param of.stale what an earlier agent knew of hosts that were not heard yet
 */
export function desiredServices(
  { state, tunnel, peers }: Knowledge,
  of: { own: HostRecord | undefined; before: ServicesOf; stale?: StaleTasks },
): Map<string, Service[]> {
  const { honest } = judgePeers(peers, tunnel?.address ?? '');
  return new Map(
    [...state.networks.values()].map((network) => {
      const { id } = network;
      const all = [of.own, ...honest].map((it) => it?.networks.get(id));
      const heard = all.filter((it) => it !== undefined);
      const records = of.stale === undefined ? heard : [...heard, of.stale(network, heard)];
      const before = of.before.get(id) ?? [];
      const known = new Set(before.map((it) => it.vip));
      // Else a host could have what the containers say to any address. Looked at once, for it is slow.
      const isOurs = ({ vip }: Service) => known.has(vip) || mayHave(network, vip);
      return [id, servicesOf(records, before).filter(isOurs)] as const;
    }),
  );
}

/** What each host says of its networks; undefined of one that does not speak, or not of all yet. */
export function hostsWords(
  { tunnel, peers }: Knowledge,
  own: HostRecord | undefined,
): { node: string; networks: HostRecord['networks'] | undefined }[] {
  const { honest } = judgePeers(peers, tunnel?.address ?? '');
  const others = honest.flatMap(({ node, state, awaited, networks }) =>
    node === undefined
      ? []
      : [{ node, networks: state === 'up' && !awaited ? networks : undefined }],
  );
  return own === undefined ? others : [own, ...others];
}

/**
 * The addresses to listen to: the hosts that Docker lists for this host's networks, those that
 * began to listen to us, and those that still speak to us of a network. Docker's gossip may lose a
 * host whose agent and containers are well, while its Engine restarts.
 */
export function peerAddresses(
  { state, swarm, peers }: Knowledge,
  { own, unlisted }: { own: readonly string[]; unlisted: readonly string[] },
): Set<string> {
  const listed = [...state.networks.keys()].flatMap((id) => swarm?.networks.get(id)?.hosts ?? []);
  const speaking = peers
    .filter((it) => it.state === 'up' && it.networks.size > 0)
    .map((it) => it.address);
  return new Set([...listed, ...speaking, ...unlisted].filter((it) => !own.includes(it)));
}
