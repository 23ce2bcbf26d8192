import { isDeepStrictEqual } from 'node:util';
import type { HostBalance } from '../contract/answers.ts';
import type { HostReport, SwarmReport } from '../contract/report.ts';
import { DesiredState } from '../core/desired-state.ts';
import { networkMtu, type Tunnel } from '../core/forwarding.ts';
import { bareAddress } from '../core/local.ts';
import { bridgeName, portName, vxlanName } from '../core/names.ts';
import { type HostVxlan, whyRefused } from '../core/port-owner.ts';
import type { HostRecord, ServiceRecord } from '../core/records.ts';
import type { Service } from '../core/services.ts';
import type { DataPathPort } from '../docker/data-path-port.ts';
import type { Driver } from '../docker/driver.ts';
import type { SwarmView } from '../docker/watch.ts';
import { Balancer, type Sandboxes } from './balancer.ts';
import { Discovery, type DiscoveryOptions } from './discovery.ts';
import { createDriver, type PortMaker } from './driver.ts';
import { EphemeralEndpoints } from './ephemeral-endpoints.ts';
import type { Faults } from './faults.ts';
import { GarbageCollector } from './garbage-collection.ts';
import { GracefulRestart } from './graceful-restart.ts';
import { Guard, type GuardOptions } from './guard.ts';
import {
  conflicts,
  desiredInput,
  hostRecord,
  hostsKnown,
  type Knowledge,
  memberLists,
  networkHeard,
  networksOf,
  peerAddresses,
  unconfirmed,
} from './knowledge.ts';
import { inShort, noteLacks } from './lacks.ts';
import { LateAddress } from './late-address.ts';
import type { Log } from './log.ts';
import type { MemberEvent } from './members.ts';
import { MembershipTable } from './membership-table.ts';
import { Preparation, type PreparationOptions } from './preparation.ts';
import { type Kernel, Reconciler } from './reconciler.ts';
import { Refusals } from './refusals.ts';
import { hostReport } from './reporting.ts';
import { SendLimits } from './send-limits.ts';
import { ServiceView } from './service-view.ts';
import type { State } from './state.ts';
import type { SwarmLink } from './swarm-link.ts';
import { SwarmPort } from './swarm-port.ts';
import { type Measures, Timings } from './timings.ts';
import { TunnelGuard, type TunnelGuardKernel } from './tunnel-guard.ts';
import { UnlistedPeers } from './unlisted-peers.ts';

export interface AgentOptions {
  readonly state: State;
  readonly kernel: Kernel & PortMaker & { flushPort(port: string): Promise<void> };
  readonly findTunnel: () => Promise<Tunnel>;
  /** Whether this host's kernel has IPv6. */
  readonly hasIpv6: () => boolean;
  /** The VXLAN devices of the host's own namespace. */
  readonly hostVxlans: () => Promise<HostVxlan[]>;
  /** All addresses by which the Swarm may name this host. */
  readonly ownAddresses: () => readonly string[];
  readonly link: SwarmLink;
  readonly sandboxes: Sandboxes &
    Pick<PreparationOptions, 'appears'> & {
      readonly routes: Pick<DiscoveryOptions, 'read' | 'change'>;
    };
  readonly guards: Pick<GuardOptions, 'table' | 'canLockPorts'> & {
    readonly tunnels: TunnelGuardKernel & { readonly port: number };
  };
  /** Ask Docker now; it answers with `onSwarmView`. */
  readonly askDocker: () => void;
  readonly log: Log;
  /** Where it is noted what the agent needs and lacks. */
  readonly faults: Faults;
  /** Milliseconds on a clock that nobody can set: by it the agent waits and judges ages. */
  readonly now: () => number;
  /** Milliseconds since 1970: for people, and beside what a certificate says. */
  readonly timeOfDay: () => number;
  readonly measures?: Measures;
  /** What this host's Swarm certificate says; undefined outside a Swarm. */
  readonly certificate: () => SwarmReport | undefined;
  /** TCP port of the sessions, the same on all hosts. */
  readonly peerPort: number;
  /** The agent's own version. */
  readonly version: string;
}

/** Events that were interrupted count as complete again after so long, milliseconds. */
const MEMBERSHIP_FAULT_MS = 3_000;

/** Sentences about what hosts say that cannot be so. */
const CONFLICTS_TOLD = 100;

/** After this long a host that was not heard is no reason to wait any more, milliseconds. */
const HEAR_WITHIN_MS = 10_000;

/**
 * The agent of one host: holds what Docker asked for, what containers have joined and what the
 * other hosts say, and keeps the kernel and the others in line with it.
 */
export class Agent {
  readonly driver: Driver;
  /** What Docker knows nothing of. */
  readonly ephemeral: EphemeralEndpoints;
  readonly #options: AgentOptions;
  readonly #membershipTable: MembershipTable;
  readonly #unlistedPeers: UnlistedPeers;
  readonly #desiredState = new DesiredState();
  readonly #timings: Timings;
  readonly #reconciler: Reconciler;
  readonly #balancer: Balancer;
  readonly #guard: Guard;
  readonly #tunnelGuard: TunnelGuard;
  readonly #garbageCollector: GarbageCollector;
  readonly #sendLimits: SendLimits;
  readonly #serviceView: ServiceView;
  readonly #swarmPort: SwarmPort;
  readonly #discovery: Discovery;
  readonly #preparation: Preparation;
  readonly #lateAddress: LateAddress;
  readonly #gracefulRestart = new GracefulRestart(() => this.#restartIsComplete());
  readonly #startedAt: number;
  /** The same for people. */
  readonly #startedOn: number;
  /** Ports that Docker's calls are making or removing; bounded by its calls under way. */
  readonly #busy = new Set<string>();
  #lookBegan = 0;
  #tunnel: Tunnel | undefined;
  /** Why no tunnel address was found at the last look; empty when one was. */
  #noTunnel = '';
  /** Absent until Docker has answered. */
  #view: SwarmView | undefined;
  #publishing = false;
  /** What this host last told the others. */
  #record: HostRecord | undefined;
  #lists: readonly ReadonlySet<string>[] = [];
  readonly #refusals: Refusals;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { state, kernel, log, now, timeOfDay } = options;
    const { identity, appears, routes } = options.sandboxes;
    this.#serviceView = new ServiceView(state);
    this.#discovery = new Discovery({ state, identity, ...routes, log });
    this.#preparation = new Preparation({
      identity,
      appears,
      write: (sandbox) => this.#balancer.prepare(sandbox),
      writeIfNone: (sandbox) => this.#balancer.prepareIfNone(sandbox),
      isHeard: (id) => networkHeard(this.#knowledge(), id, options.ownAddresses()),
      reconcile: () => this.#reconciler.request(),
      mark: (id) => options.link.sessions?.mark(id),
      unconfirmed: (id, mark) =>
        unconfirmed(this.#knowledge(), id, options.link.sessions?.confirmed(id, mark) ?? new Map()),
      isExpected: (path) => [...state.endpoints.values()].some((it) => it.sandbox === path),
      askDocker: options.askDocker,
      log,
      now,
    });
    this.#startedAt = now();
    this.#startedOn = timeOfDay();
    this.#timings = new Timings(options.measures);
    this.#refusals = new Refusals(log, now);
    this.#unlistedPeers = new UnlistedPeers(now);
    this.#lateAddress = new LateAddress({ find: () => this.#findTunnel(), log, now });
    this.#swarmPort = new SwarmPort({
      sessions: () => options.link.sessions,
      ask: (managers) => {
        this.#unlistedPeers.addQuietly(...managers);
        this.#setPeers();
      },
      now,
    });
    this.#membershipTable = new MembershipTable({
      enforce: () => this.#guard.update(),
      flush: (port) => kernel.flushPort(port),
      log,
      now,
    });
    this.#reconciler = new Reconciler({
      kernel,
      desired: () => this.#desired(),
      isBusy: (dev) => this.#busy.has(dev),
      onLookBegins: () => {
        this.#lookBegan = now();
        this.#membershipTable.beginLook();
      },
      onLook: ({ facts, memberships }) => {
        const ports = new Set(facts.flatMap((it) => (it.kind === 'port' ? [it.dev] : [])));
        this.#gracefulRestart.found(facts);
        this.#membershipTable.look(memberships, ports);
        this.#garbageCollector.dropDeadEndpoints(ports, this.#lookBegan);
        this.#publishSoon();
      },
      timings: this.#timings,
      onUnread: (reason) => options.faults.note('kernel', reason),
      onRead: () => options.faults.well('kernel'),
      log,
      timeOfDay,
    });
    this.ephemeral = new EphemeralEndpoints({
      reconciler: this.#reconciler,
      busy: this.#busy,
      changed: () => {
        void this.#guard.update();
        this.#publishSoon();
      },
      networksChanged: () => this.#wantNetworks(),
      whyNoDevice: (vni) => this.#whyNoDevice(vni),
    });
    this.driver = createDriver({
      state,
      ports: kernel,
      tunnel: () => this.#findTunnel(),
      tunnelSoon: () => this.#lateAddress.wait(),
      reconcile: () => this.#reconciler.request(),
      lastTunnel: () => this.#tunnel,
      busy: this.#busy,
      made: ({ id }, vni) =>
        this.#reconciler.learn({
          kind: 'port',
          dev: portName(id),
          bridge: bridgeName(vni),
          settled: true,
        }),
      removed: (id) => this.#reconciler.forget(portName(id)),
      hasDevice: (dev) => this.#reconciler.has(`vxlan ${dev}`),
      whyNoDevice: (vni) => this.#whyNoDevice(vni),
      hasIpv6: options.hasIpv6,
      knownVnis: () =>
        [...(this.#view?.networks.values() ?? [])].flatMap(({ id, vni }) =>
          vni === undefined ? [] : [[id, vni] as const],
        ),
      changed: () => {
        this.#wantNetworks();
        this.#publishSoon();
        // The first network after this host joined a Swarm comes before the timer's turn.
        if (options.link.sessions === undefined) void this.#refreshLink();
        void this.#guard.update();
        void this.#reconciler.request();
        options.askDocker();
      },
      joined: () => setImmediate(() => void this.#balancer.update()),
      prepare: ({ network, sandbox }) => this.#preparation.join(network, sandbox),
      discovery: this.#discovery,
      discovered: options.askDocker,
      now,
    });
    this.#guard = new Guard({
      ...options.guards,
      networks: () => networksOf(this.#knowledge()),
      endpoints: () => [...state.endpoints.values(), ...this.ephemeral.endpoints()],
      silenced: () => this.#membershipTable.silenced(),
      log,
    });
    this.#sendLimits = new SendLimits({
      endpoints: () => state.endpoints.values(),
      mtuOf: (id) => {
        const network = state.networks.get(id);
        return network && this.#tunnel && networkMtu(network, this.#tunnel);
      },
      limit: async (...what) => options.sandboxes.limitRoutes?.(...what),
      identity: options.sandboxes.identity,
      log,
    });
    this.#tunnelGuard = new TunnelGuard({
      ...options.guards.tunnels,
      tunnel: () => this.#tunnel?.local ?? this.#tunnel?.address,
      hosts: () => {
        const heard = this.#gracefulRestart.isComplete(this.#knowledge());
        return hostsKnown(this.#knowledge(), this.#unlistedPeers.addresses(), heard);
      },
      log,
      now,
    });
    this.#garbageCollector = new GarbageCollector({ ...this.driver, state, log, now });
    this.#balancer = new Balancer({
      sandboxes: options.sandboxes,
      desired: () => this.#desiredServices(),
      prospect: () =>
        this.#desiredServices() ?? this.#serviceView.soFar(this.#knowledge(), this.#record),
      log,
      now,
    });
  }

  /**
   * The timer's turn: look at the kernel, the addresses and the identity afresh. The kernel comes
   * first: the others must not hear of this host before it knows its own members.
   */
  async tick(): Promise<void> {
    await this.#findTunnel().catch(() => {});
    void this.#sendLimits.update();
    this.#discovery.again();
    await Promise.all([this.#guard.inspect(), this.#tunnelGuard.inspect()]);
    await this.#reconciler.request(true);
    await this.#refreshLink();
  }

  /** Addresses, routes or links of the host have changed, perhaps those of the tunnels. */
  async onAddresses(): Promise<void> {
    const before = this.#tunnel;
    const missed = this.#noTunnel !== '';
    await this.#findTunnel().catch(() => {});
    this.#lateAddress.changed();
    if (missed || !isDeepStrictEqual(before, this.#tunnel)) await this.tick();
  }

  /** The other timer's turn: containers that may have changed their own rules. */
  async inspect(): Promise<void> {
    await this.#balancer.inspect();
    this.#noteLacks();
  }

  onMembers(event: MemberEvent): void {
    this.#membershipTable.event(event);
    if (!event.gone) this.#timings.joined();
    this.#publishSoon();
  }

  /**
   * A device is gone. If it was a container's port, and Docker did not ask for that, the container died
   * with its Engine: a look finds what is still there, whatever was made since the event.
   */
  onDeviceGone(device: string): void {
    const isPort = [...this.#options.state.endpoints.keys()].some((id) => portName(id) === device);
    if (isPort && !this.#busy.has(device)) void this.#reconciler.request(true);
  }

  /** A container's interface is up. */
  onDeviceUp(device: string): void {
    const port = [...this.#options.state.endpoints.keys()].find((id) => portName(id) === device);
    if (port !== undefined) this.#discovery.up(port);
  }

  /** Containers that an earlier agent was told of, and may not have come to. */
  resume(): void {
    const newest = [...this.#options.state.endpoints.values()].sort((a, b) => b.since - a.since);
    void this.#preparation.resume(newest.flatMap((it) => it.sandbox ?? []));
    this.#discovery.resume();
  }

  /** Events of the kernel may have been lost. */
  onMembersLost(reason: string): void {
    this.#options.log.debug({ reason }, 'membership events were interrupted');
    this.#options.faults.note('membership', reason, MEMBERSHIP_FAULT_MS);
    void this.#reconciler.request(true);
  }

  /** Sessions are about to be opened as another node. */
  onIdentity(): void {
    this.#unlistedPeers.hush();
  }

  /**
   * Another host of the Swarm listens to us, so it shares a network: Docker's gossip may tell of
   * it only seconds later. Counted as a peer for as long as the gossip may take.
   * @param from where its packets come from; resolves when they are let in
   */
  onSubscriber(address: string, from: readonly string[]): Promise<void> {
    this.#unlistedPeers.add(address);
    this.#setPeers();
    this.#options.askDocker();
    return this.#tunnelGuard.admit(from);
  }

  /** Counts hosts as peers for a while, so that sessions with them are tried, network or not. */
  async addPeers(addresses: Iterable<string>): Promise<void> {
    // It may have joined its Swarm just now.
    if (this.#options.link.sessions === undefined) await this.tick();
    this.#unlistedPeers.add(...addresses);
    this.#setPeers();
  }

  onPeersChanged(): void {
    this.#reviewMembers();
    void this.#tunnelGuard.update();
    this.#preparation.changed();
    this.#refusals.noteSoon(() => this.report());
    void this.#timings.heard(this.#reconciler.request());
    void this.#balancer.update();
  }

  /** Resolves when the kernel forwards as all says that the other hosts have said until now. */
  inForce(): Promise<void> {
    return this.#reconciler.request();
  }

  /** Another host's kernel leads to more of this host's containers than before. */
  onConfirmed(): void {
    this.#preparation.changed();
  }

  /** What Docker says of this host's tasks, by endpoint id. */
  onServices(services: ReadonlyMap<string, ServiceRecord>): void {
    const { state } = this.#options;
    for (const id of [...state.services.keys()]) {
      if (!services.has(id)) state.services.delete(id);
    }
    for (const [id, service] of services) state.services.set({ id, ...service });
    this.#publishSoon();
    void this.#balancer.update();
  }

  /** This host's containers that may be tasks, by network. */
  tasks(): Map<string, { endpoint: string; ip: string; sandbox: string }[]> {
    const found = new Map<string, { endpoint: string; ip: string; sandbox: string }[]>();
    for (const { id, network, address, sandbox } of this.#options.state.endpoints.values()) {
      if (sandbox === undefined) continue;
      const task = { endpoint: id, ip: bareAddress(address), sandbox };
      found.set(network, [...(found.get(network) ?? []), task]);
    }
    return found;
  }

  /** Whether a node is of the Swarm: by this host's Engine on a manager, else by what managers say. */
  isMember(node: string): boolean {
    const lists = memberLists(this.#knowledge());
    return lists.length === 0 || lists.some((it) => it.has(node));
  }

  onSwarmView(view: SwarmView): void {
    this.#view = view;
    this.#options.link.sessions?.setNodes(view.nodes ?? []);
    this.#reviewMembers();
    this.#setPeers();
    void this.#tunnelGuard.update();
    this.#garbageCollector.forget(view);
    this.#preparation.forget(new Set(this.#options.state.networks.keys()));
    this.#preparation.changed();
    // Docker makes networks of its own when its host joins a Swarm anew, which is an event.
    void this.#refreshLink();
  }

  /** What this host's Engine says of the Swarm's `--data-path-port`. */
  onDataPathPort(said: DataPathPort): void {
    if (this.#swarmPort.told(said)) this.#publishSoon();
  }

  /** The networks whose hosts and containers the agent wants to hear of. */
  attached(): Iterable<string> {
    return this.#options.state.networks.keys();
  }

  /** What the reconciler would do now, and why, in words. */
  plan(): Promise<string[]> {
    return this.#reconciler.plan();
  }

  /** Everything a person may want to know of this host, as of now. */
  report(): HostReport {
    this.#noteLacks();
    const knowledge = this.#knowledge();
    const { version, peerPort, link, timeOfDay, certificate } = this.#options;
    const swarm = certificate();
    const dataPathPort = this.#swarmPort.known;
    const { lastChange } = this.#reconciler;
    return hostReport(knowledge, {
      conflicts: [
        ...this.#serviceView.conflicts(),
        ...conflicts(knowledge, this.#desiredState),
      ].slice(0, CONFLICTS_TOLD),
      agent: version,
      peerPort,
      ...(dataPathPort === undefined ? {} : { dataPathPort }),
      now: timeOfDay(),
      startedAt: this.#startedOn,
      ...(swarm === undefined ? {} : { swarm }),
      ...(lastChange === undefined ? {} : { lastChange }),
      refusedSteps: this.#reconciler.refused,
      tunnelDropped: this.#tunnelGuard.dropped,
      problem: link.error || this.#noTunnel || this.#tunnelGuard.problem,
      faults: this.#options.faults.current(),
      isQuiet: (address) => this.#unlistedPeers.isQuiet(address),
    });
  }

  /** The services of this host's networks, and what its containers sent to them. */
  async balance(): Promise<HostBalance> {
    return { services: this.#serviceView.services(), counts: await this.#balancer.counts() };
  }

  close(): void {
    this.#preparation.close();
    this.#discovery.close();
    this.#serviceView.close();
    this.#refusals.close();
    this.#balancer.close();
    this.#reconciler.close();
  }

  #noteLacks(): void {
    const peers = this.#options.link.sessions?.views() ?? [];
    noteLacks(this.#options.faults, {
      rules: inShort(this.#balancer.lacking().map((it) => `${it.sandbox}: ${it.reason}`)),
      routes: inShort(this.#discovery.lacking()),
      'send-limits': inShort(this.#sendLimits.lacking()),
      records: inShort(peers.flatMap((it) => it.refused ?? [])),
      guards: this.#guard.problem,
      forwarding: this.#reconciler.problem,
      strangers: this.#tunnelGuard.dropping,
    });
  }

  async #refreshLink(): Promise<void> {
    if (!(await this.#options.link.refresh())) return;
    this.#wantNetworks();
    this.#options.link.sessions?.setNodes(this.#view?.nodes ?? []);
    this.#setPeers();
    this.#publish();
  }

  async #findTunnel(): Promise<Tunnel> {
    const { findTunnel, log } = this.#options;
    const found = await findTunnel().catch((error: Error) => {
      if (error.message !== this.#noTunnel)
        log.warn({ reason: error.message }, 'no tunnel address');
      this.#noTunnel = error.message;
      throw error;
    });
    this.#noTunnel = '';
    const before = this.#tunnel;
    this.#tunnel = found;
    if (!isDeepStrictEqual(before, found)) {
      log.info({ ...found }, 'tunnel address');
      if (before?.address !== found.address) await this.#tunnelGuard.inspect();
      this.#publishSoon();
    }
    return found;
  }

  #knowledge(): Knowledge {
    const { state, link } = this.#options;
    return {
      state,
      node: link.sessions?.node,
      tunnel: this.#tunnel,
      dataPathPort: this.#swarmPort.own,
      swarm: this.#view,
      peers: link.sessions?.views() ?? [],
      memberships: (bridge) => this.#membershipTable.rows(bridge),
      silenced: (bridge) => this.#membershipTable.refused(bridge),
      ephemeral: this.ephemeral.endpoints(),
      ephemeralNetworks: this.ephemeral.networks(),
    };
  }

  #desired(): DesiredState | undefined {
    const knowledge = this.#knowledge();
    const input = desiredInput(knowledge, this.#gracefulRestart.facts(knowledge));
    if (input === undefined) return undefined;
    this.#desiredState.update(input);
    return this.#desiredState;
  }

  /** The services of each container, once all that is to be known of them is known. */
  #desiredServices(): ReadonlyMap<string, readonly Service[]> | undefined {
    const age = this.#options.now() - this.#startedAt;
    const knowledge = this.#knowledge();
    // Until then the rules of an earlier agent serve better than half of the truth.
    if (!this.#gracefulRestart.isComplete(knowledge) && age < HEAR_WITHIN_MS) return undefined;
    return this.#serviceView.update(knowledge, this.#record);
  }

  async #whyNoDevice(vni: number): Promise<string> {
    const { hostVxlans, guards } = this.#options;
    const words = this.#reconciler.refusalOf(`vxlan ${vxlanName(vni)}`);
    return whyRefused({ vni, port: guards.tunnels.port, words, vxlans: await hostVxlans() });
  }

  #restartIsComplete(): void {
    void this.#reconciler.request();
    void this.#balancer.update();
  }

  /** After everything that is at hand now: a burst of events is one message. */
  #publishSoon(): void {
    if (this.#publishing) return;
    this.#publishing = true;
    setImmediate(() => this.#publish());
  }

  #publish(): void {
    this.#publishing = false;
    this.#record = hostRecord(this.#knowledge());
    void this.#balancer.update();
    this.#refusals.noteSoon(() => this.report());
    if (this.#record === undefined) return;
    this.#options.link.sessions?.publish(this.#record);
    this.#timings.told();
  }

  /** Whoever is no member any more is let go at once. */
  #reviewMembers(): void {
    const lists = memberLists(this.#knowledge());
    const before = this.#lists;
    if (lists.length === before.length && lists.every((it, at) => it === before[at])) return;
    this.#lists = lists;
    this.#options.link.sessions?.review();
  }

  #wantNetworks(): void {
    this.#options.link.sessions?.setWanted(networksOf(this.#knowledge()).map((it) => it.id));
  }

  #setPeers(): void {
    const own = this.#options.ownAddresses();
    const unlisted = this.#unlistedPeers.addresses();
    const addresses = peerAddresses(this.#knowledge(), { own, unlisted });
    this.#options.link.sessions?.setPeers(addresses);
  }
}
