import { derivedIpv6 } from '../../net/cidr.ts';
import type { Fact } from '../forwarding/facts.ts';
import type { Tunnel } from '../forwarding/forwarding.ts';
import { bareAddress, type LocalEndpoint, type LocalNetwork } from '../local.ts';
import type { Membership } from '../membership/membership.ts';
import { bridgeName, portName, vniOf } from '../names.ts';
import { isGuarded } from '../rules/guards.ts';
import { type FastFact, fastIdentity, INSIDE, OUTSIDE, type Program } from './facts.ts';
import { fastGroups, type GroupsInput } from './groups.ts';
import type { FastUnderlay } from './underlay.ts';

/** What is there for the fast path to stand on. */
export interface FastGround {
  /** Indexes of the devices of castnet's namespace, by name. */
  readonly inside: ReadonlyMap<string, number>;
  /** Those of the host's. */
  readonly outside: ReadonlyMap<string, number>;
  /** The kernel's numbers of the programs. */
  readonly programs: Readonly<Record<Program, number>>;
  /** Whether this kernel can take IPv6 out of its tunnel's header. */
  readonly ipv6: boolean;
  /** Why it cannot have groups; empty when it can. */
  readonly groups: string;
}

export interface FastInput {
  readonly tunnel: Tunnel;
  readonly networks: Iterable<LocalNetwork>;
  readonly endpoints: Iterable<LocalEndpoint>;
  /** The largest MTU of a container's link, by network. */
  readonly sizes: ReadonlyMap<string, number>;
  /** What bridges and tunnels hold and shall hold: the fast path never knows more. */
  readonly slow: readonly Fact[];
  /** What the containers of a bridge have joined. */
  readonly joined: (bridge: string) => readonly Membership[];
  /** Whether some container of a bridge is not listened to for now. */
  readonly isSilenced: (bridge: string) => boolean;
  readonly underlay: FastUnderlay;
  readonly ground: FastGround;
}

export interface FastWanted {
  readonly facts: readonly FastFact[];
  /** Why a network, by its id, takes the slow path; empty when it does not. */
  readonly why: ReadonlyMap<string, string>;
  /** The same of a network's groups, where unicast does not. */
  readonly whyGroups: ReadonlyMap<string, string>;
  /** Groups that are the bridge's in a network of which others are not, and why, by network. */
  readonly left: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** What its groups follow from, beside what bridges, tunnels and containers say of them. */
  readonly grounds: GroupGrounds;
}

/** What the groups follow from that does not change as they are joined and left. */
export interface GroupGrounds extends Omit<GroupsInput, 'slow' | 'joined'> {
  /** Networks whose packets may take the fast path: their ids, by VNI. */
  readonly networks: ReadonlyMap<number, string>;
  /** Those of them of which some container is not listened to. */
  readonly silenced: ReadonlySet<number>;
}

const NO_GROUNDS: GroupGrounds = {
  ...{ networks: new Map(), silenced: new Set(), vnis: new Set() },
  ...{ ports: new Map(), hosts: new Set() },
};

/** Why packets of a network may not go around bridge and tunnel; empty: they may. */
export function whySlow(network: LocalNetwork, tunnel: Tunnel, size: number): string {
  if (network.options.encrypted === true) return 'its packets between the hosts are encrypted';
  if (network.options.fastPath === false) return 'its option fast-path is off';
  if (isGuarded(network.options)) return 'its options have packets checked on the bridge';
  if (size > tunnel.mtu)
    return `a container’s link takes ${size} bytes, the way to the hosts ${tunnel.mtu}`;
  return '';
}

/** Of the maps' 65 536, 4096 and 8192 entries: what is beyond goes the slow path, and room is left for changes. */
const MOST_STATIONS = 60_000;
const MOST_HOSTS = 4000;
export const MOST_GROUPS = 6000;

/** As many containers as there is room for, the same ones each time. */
function bounded(facts: readonly FastFact[]): FastFact[] {
  const isStation = ({ kind }: FastFact): boolean => kind === 'here' || kind === 'there';
  const stations = facts.filter(isStation);
  if (stations.length <= MOST_STATIONS) return [...facts];
  return [...facts.filter((it) => !isStation(it)), ...firstOf(stations, MOST_STATIONS)];
}

/** So many at most, the same ones each time. */
function firstOf<T extends FastFact>(facts: readonly T[], most: number): readonly T[] {
  if (facts.length <= most) return facts;
  const sorted = facts.map((it) => ({ it, key: fastIdentity(it) }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : 1));
  return sorted.slice(0, most).map(({ it }) => it);
}

const whyNoGroups = (isSilenced: boolean): string =>
  isSilenced ? 'a container’s reports are dropped on the bridge for now' : '';

/** Everything that the fast path shall hold. */
export function fastWanted(input: FastInput): FastWanted {
  const { tunnel, underlay, ground, sizes } = input;
  const networks = [...input.networks];
  const why = new Map(
    networks.map((it) => [it.id, underlay.problem || whySlow(it, tunnel, sizes.get(it.id) ?? 0)]),
  );
  const [inside, outside] = [ground.inside.get(INSIDE), ground.outside.get(OUTSIDE)];
  const card = ground.outside.get(underlay.card);
  const fast = networks.filter((it) => why.get(it.id) === '');
  const none = { why, whyGroups: new Map(), left: new Map(), grounds: NO_GROUNDS };
  if (inside === undefined || outside === undefined) return { ...none, facts: [] };
  const { to_wire, from_wire, to_container } = ground.programs;
  // Packets may wait between the pair's ends: what takes them on there stays for as long as the pair.
  const pair: FastFact[] = [
    { kind: 'filter', at: 'castnet', dev: INSIDE, program: 'to_container', id: to_container },
    { kind: 'filter', at: 'host', dev: OUTSIDE, program: 'to_wire', id: to_wire },
  ];
  if (fast.length === 0 || card === undefined) return { ...none, facts: pair };

  const byId = new Map(fast.map((it) => [it.id, it]));
  const byPort = new Map([...input.endpoints].map((it) => [portName(it.id), it]));
  const vnis = new Set(fast.map((it) => it.vni));
  const facts: FastFact[] = [];
  const ports = new Map<string, { port: number; vni: number }>();
  for (const it of input.slow) {
    if (it.kind === 'station') {
      const endpoint = byPort.get(it.dev);
      const network = endpoint && byId.get(endpoint.network);
      const port = ground.inside.get(it.dev);
      if (endpoint === undefined || network === undefined || port === undefined) continue;
      const [{ vni, options }, { mac }] = [network, it];
      const ip = bareAddress(endpoint.address);
      const ip6 = options.ipv6 && bareAddress(derivedIpv6(options.ipv6, ip));
      const own = { port, vni, mac, ip, ...(ip6 === undefined ? {} : { ip6 }) };
      const id = ground.programs.from_container;
      ports.set(it.dev, { port, vni });
      facts.push(
        { kind: 'filter', at: 'castnet', dev: it.dev, program: 'from_container', id },
        { kind: 'port', ...own },
        { kind: 'here', vni, mac, port },
      );
    }
    if (it.kind === 'route' && vnis.has(vniOf(it.dev)) && underlay.hops.has(it.to))
      facts.push({ kind: 'there', vni: vniOf(it.dev), mac: it.mac, host: it.to });
  }
  const ways = [...underlay.hops].slice(0, MOST_HOSTS);
  const whyGroups = new Map(
    fast.map(({ id, vni }) => [
      id,
      ground.groups || whyNoGroups(input.isSilenced(bridgeName(vni))),
    ]),
  );
  const grounds: GroupGrounds = {
    networks: new Map(fast.map(({ id, vni }) => [vni, id])),
    silenced: new Set(fast.flatMap(({ vni }) => (input.isSilenced(bridgeName(vni)) ? [vni] : []))),
    vnis: new Set(fast.flatMap(({ id, vni }) => (whyGroups.get(id) === '' ? [vni] : []))),
    ports,
    hosts: new Set(ways.map(([host]) => host)),
  };
  const groups = fastGroups({
    ...{ ...grounds, slow: input.slow },
    joined: (vni) => input.joined(bridgeName(vni)),
  });
  const isEmpty = new Map<string, string>();
  return {
    ...{ why, whyGroups, grounds },
    left: new Map(fast.map(({ id, vni }) => [id, groups.get(vni)?.left ?? isEmpty])),
    facts: [
      ...pair,
      { kind: 'filter', at: 'host', dev: underlay.card, program: 'from_wire', id: from_wire },
      {
        kind: 'self',
        address: tunnel.local ?? tunnel.address,
        port: tunnel.port,
        ipv6: ground.ipv6,
        ...{ inside, outside },
      },
      ...ways.map(([host, hop]): FastFact => ({ kind: 'way', host, hop, card })),
      ...bounded(facts),
      ...firstOf(
        [...groups.values()].flatMap((it) => it.facts),
        MOST_GROUPS,
      ),
    ],
  };
}
