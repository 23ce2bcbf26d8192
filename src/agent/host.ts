import { EventEmitter } from 'node:events';
import type { Tunnel } from '../core/forwarding/forwarding.ts';
import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import type { HostRecord, WireguardRecord } from '../core/records.ts';
import type { SwarmView } from '../docker/watch.ts';
import { Admission } from './admission.ts';
import { GracefulRestart } from './graceful-restart.ts';
import type { Knowledge } from './knowledge.ts';
import { Meetings } from './meetings.ts';
import type { MembershipTable } from './membership-table.ts';
import type { State } from './state.ts';
import type { SwarmLink } from './swarm-link.ts';
import { UnlistedPeers } from './unlisted-peers.ts';

/** What has changed of a host. An event says nothing else: whoever it concerns looks at the host. */
export interface HostEvents {
  /** Docker, or a probe, made or removed networks or endpoints here. */
  endpoints: [];
  /** What containers have joined. */
  members: [];
  /** The kernel was read whole. `began`: when the look began, milliseconds; `ports`: those there were. */
  looked: [look: { readonly ports: ReadonlySet<string>; readonly began: number }];
  tunnel: [];
  /** The place of this host's containers in services. */
  services: [];
  /** The kernel's forwarding was changed. */
  forwarded: [];
  /** What Docker says of networks and nodes. */
  swarm: [];
  /** What another host says, or that it fell silent. */
  peers: [];
  /** Addresses at which hosts count as peers though Docker does not list them. */
  unlisted: [];
  /** The sessions are others than before, or the first. */
  sessions: [];
  /** What this host says of itself. */
  record: [];
  /** This host's key of WireGuard is another, or it has none any more. */
  encryption: [];
  /** The kernel of another host leads to more of this host's containers than before. */
  confirmed: [];
  /** Docker is to be asked now which hosts and networks there are. */
  question: [];
  /** Nothing is stale any more that an earlier agent left. */
  restarted: [];
}

export interface HostOptions {
  readonly state: State;
  readonly link: SwarmLink;
  /** All addresses by which the Swarm may name this host. */
  readonly ownAddresses: () => readonly string[];
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/** All that an agent knows, and who is told when it changes. Whatever the agent does follows from it. */
export class Host extends EventEmitter<HostEvents> {
  readonly state: State;
  readonly link: SwarmLink;
  readonly ownAddresses: () => readonly string[];
  readonly unlistedPeers: UnlistedPeers;
  readonly restart = new GracefulRestart(() => this.emit('restarted'));
  /** Which hosts take part in which network. */
  readonly admission: Admission;
  readonly meetings: Meetings;
  readonly #startedAt: number;
  readonly #now: () => number;
  tunnel: Tunnel | undefined;
  /** Why no tunnel address was found at the last look; empty when one was. */
  noTunnel = '';
  /** Absent until Docker has answered. */
  swarm: SwarmView | undefined;
  /** The Swarm's `--data-path-port`, where this host's Engine tells it. */
  dataPathPort: number | undefined;
  /** Addresses of the Swarm's managers, as this host's Engine tells them. */
  managers: readonly string[] = [];
  /** Where it takes WireGuard's packets, and its key; absent without an encrypted network. */
  wireguard: WireguardRecord | undefined;
  /** Whether a network's tunnel may be made. */
  isOpen: (network: LocalNetwork) => boolean = ({ options }) => options.encrypted !== true;
  /** What this host last told the others. */
  record: HostRecord | undefined;
  memberships: Pick<MembershipTable, 'rows' | 'refused' | 'silenced'> = NO_MEMBERS;
  ephemeral: { endpoints(): LocalEndpoint[]; networks(): LocalNetwork[] } = NO_ENDPOINTS;

  constructor({ state, link, ownAddresses, now }: HostOptions) {
    super();
    this.state = state;
    this.link = link;
    this.ownAddresses = ownAddresses;
    this.unlistedPeers = new UnlistedPeers(now);
    this.#now = now;
    this.#startedAt = now();
    this.admission = new Admission({
      swarm: () => this.swarm,
      peers: () => link.sessions?.views() ?? [],
      networks: state.networks,
      before: (id) => this.#ledBefore(id),
      now,
    });
    const peers = () => (link.sessions?.views() ?? []).map((it) => it.address);
    const listed = () => [...(this.swarm?.networks.values() ?? [])].flatMap((it) => it.hosts);
    this.meetings = new Meetings({
      nodes: () => this.swarm?.nodeAddresses,
      known: () => new Set([...listed(), ...this.managers]),
      peers: () => new Set(peers()),
      now,
    });
  }

  /** Milliseconds since the agent began. */
  get age(): number {
    return this.#now() - this.#startedAt;
  }

  /** VNIs of the networks that Docker knows, by network id. */
  knownVnis(): (readonly [string, number])[] {
    const networks = [...(this.swarm?.networks.values() ?? [])];
    return networks.flatMap(({ id, vni }) => (vni === undefined ? [] : [[id, vni] as const]));
  }

  /** Everything as of now, in one value. */
  knowledge(): Knowledge {
    const { state, link, tunnel, dataPathPort, wireguard, swarm, memberships, ephemeral } = this;
    return {
      ...{ state, tunnel, dataPathPort, wireguard, swarm },
      node: link.sessions?.node,
      peers: (link.sessions?.views() ?? []).map((it) => this.admission.visible(it)),
      memberships: (bridge) => memberships.rows(bridge),
      silenced: (bridge) => memberships.refused(bridge),
      ephemeral: ephemeral.endpoints(),
      ephemeralNetworks: ephemeral.networks(),
    };
  }

  /** While the others find this agent again: where entries of a network led that it found. */
  #ledBefore(network: string): ReadonlySet<string> {
    const vni = this.state.networks.get(network)?.vni;
    if (vni === undefined || this.age > FOUND_AGAIN_MS) return NOBODY;
    return this.restart.hostsOf(vni);
  }

  /** Calls an effect whenever one of several things changes. */
  when(events: readonly (keyof HostEvents)[], effect: () => void): void {
    for (const it of events) this.on(it, effect);
  }
}

/** So long an agent that starts may take to meet whom the one before it knew, milliseconds. */
const FOUND_AGAIN_MS = 60_000;
const NOBODY: ReadonlySet<string> = new Set();
const NO_MEMBERS = { rows: () => [], refused: () => [], silenced: () => new Map() };
const NO_ENDPOINTS = { endpoints: () => [], networks: () => [] };
