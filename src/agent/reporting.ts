import type {
  EndpointReport,
  HostFault,
  HostReport,
  NetworkReport,
  PeerReport,
} from '../contract/report.ts';
import { networkMtu } from '../core/forwarding/forwarding.ts';
import { bareAddress, type LocalNetwork } from '../core/local.ts';
import { groupsOf, type Membership } from '../core/membership/membership.ts';
import { admit } from '../core/membership/policy.ts';
import { bridgeName, hostLinkName, portName } from '../core/names.ts';
import { derivedIpv6 } from '../net/cidr.ts';
import type { Knowledge } from './knowledge.ts';
import type { KeptEndpoint } from './state.ts';
import type { PeerView } from './swarm-link.ts';

/** What is told beside the knowledge from which forwarding follows. */
export type About = Pick<
  HostReport,
  | 'agent'
  | 'peerPort'
  | 'dataPathPort'
  | 'now'
  | 'startedAt'
  | 'swarm'
  | 'lastChange'
  | 'refusedSteps'
> & {
  readonly tunnelDropped: HostReport['tunnelDropped'] | undefined;
  readonly wireguard: HostReport['wireguard'] | undefined;
  readonly problem: string;
  readonly conflicts: readonly string[];
  readonly faults: readonly HostFault[];
  /** Why a network's packets go by bridge and tunnel, and which of the others' still do. */
  readonly fastPath: {
    why(network: string): string;
    whyGroups(network: string): string;
    /** Which groups of a network still go by the bridge. */
    left(network: string): string;
    readonly but: string;
  };
  /** Whether a peer that does not speak is nothing to tell, unless Docker lists it. */
  readonly isQuiet: (address: string) => boolean;
};

/** What the agent knows, as people and their tools are told it. */
export function hostReport(
  knowledge: Knowledge,
  { tunnelDropped, wireguard, problem, conflicts, faults, fastPath, isQuiet, ...about }: About,
): HostReport {
  const { node, tunnel, peers, state, swarm } = knowledge;
  const listed = new Set([...(swarm?.networks.values() ?? [])].flatMap((it) => it.hosts));
  return {
    version: 1,
    ...about,
    ...(node === undefined ? {} : { node }),
    encryption: wireguard === undefined ? 'none' : 'wireguard',
    ...(wireguard === undefined ? {} : { wireguard }),
    ...(tunnelDropped === undefined ? {} : { tunnelDropped }),
    ...(tunnel === undefined ? {} : { tunnel }),
    ...(problem === '' ? {} : { problem }),
    ...(faults.length === 0 ? {} : { faults }),
    ...(conflicts.length === 0 ? {} : { conflicts }),
    peers: peers
      .filter((it) => it.networks.size > 0 || listed.has(it.address) || !isQuiet(it.address))
      .map((it) => peerReport(it, listed)),
    networks: [...state.networks.values()].map((it) => ({
      ...networkReport(it, knowledge),
      fastPath: stepOf(it.id, fastPath),
    })),
  };
}

/** How far a network's packets go around bridge and tunnel, and what keeps the others from it. */
function stepOf(id: string, fastPath: About['fastPath']): NonNullable<NetworkReport['fastPath']> {
  const told = (step: 'none' | 'unicast' | 'groups', ...why: string[]) => ({
    step,
    why: why
      .filter((it) => it !== '')
      .join('; ')
      .replace(/\p{Cc}+/gu, ' ')
      .slice(0, WHY_MOST),
  });
  const why = fastPath.why(id);
  if (why !== '') return told('none', why);
  const groups = fastPath.whyGroups(id);
  if (groups !== '') return told('unicast', fastPath.but, `groups go by the bridge: ${groups}`);
  return told('groups', fastPath.but, fastPath.left(id), REST);
}
/** Of other programs' words, as many as a report may have. */
const WHY_MOST = 500;
const REST = 'broadcast, 224.0.0.x and ff02:: go by the bridge';

function peerReport(
  { address, node, tunnel, state, since, lastError, fault, networks }: PeerView,
  listed: ReadonlySet<string>,
): PeerReport {
  return {
    address,
    ...(node === undefined ? {} : { node }),
    ...(tunnel === undefined ? {} : { tunnel }),
    state,
    since,
    ...(lastError === undefined ? {} : { lastError }),
    ...(fault === undefined ? {} : { fault }),
    listed: listed.has(address),
    networks: [...networks.keys()],
  };
}

function networkReport(network: LocalNetwork, knowledge: Knowledge): NetworkReport {
  const { state, swarm, tunnel, memberships, silenced } = knowledge;
  const view = swarm?.networks.get(network.id);
  const joined = memberships(bridgeName(network.vni));
  const { rows, refused } = admit(joined, network.options);
  return {
    ...network,
    ...(view === undefined ? {} : { name: view.name }),
    ...(tunnel === undefined ? {} : { mtu: networkMtu(network, tunnel) }),
    hosts: view?.hosts ?? [],
    endpoints: state
      .endpointsOf(network.id)
      .map((it) => endpointReport(it, { network, knowledge, name: view?.containers.get(it.id) })),
    joined: shown(joined, rows),
    refused: [...refused, ...silenced(bridgeName(network.vni))],
    groups: groupsOf(rows),
  };
}

/** Rows of one network that a report shows: more would be no use to a person, nor fit a message. */
const ROWS_SHOWN = 20_000;

/** Those that other hosts are told come first. */
function shown(joined: readonly Membership[], told: readonly Membership[]): Membership[] {
  if (joined.length <= ROWS_SHOWN) return [...joined];
  const first = new Set(told);
  return [...told, ...joined.filter((it) => !first.has(it))].slice(0, ROWS_SHOWN);
}

function endpointReport(
  { id, address, mac, mtu, carriesMulticast, exposed, barred }: KeptEndpoint,
  of: { network: LocalNetwork; knowledge: Knowledge; name: string | undefined },
): EndpointReport {
  const { ipv6 } = of.network.options;
  const kept = of.knowledge.state.services.get(id);
  return {
    id,
    port: portName(id),
    address,
    ...(ipv6 === undefined ? {} : { ipv6: derivedIpv6(ipv6, bareAddress(address)) }),
    mac,
    ...(mtu === undefined ? {} : { mtu }),
    ...(of.name === undefined ? {} : { container: of.name }),
    ...(exposed && barred === undefined ? { exposed: hostLinkName(of.network.vni) } : {}),
    carriesMulticast: carriesMulticast === true,
    ...(kept === undefined
      ? {}
      : { service: { name: kept.name, vip: kept.vip, serving: kept.serving } }),
  };
}
