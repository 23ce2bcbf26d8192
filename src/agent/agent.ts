import type { Step } from '../core/difference.ts';
import type { Fact } from '../core/facts.ts';
import { desiredFacts, networkRecord, type Peer, type Tunnel } from '../core/forwarding.ts';
import { inheritedFacts, leadsAway } from '../core/inheritance.ts';
import { bareAddress } from '../core/local.ts';
import { groupsOf } from '../core/membership.ts';
import { bridgeName, portName } from '../core/names.ts';
import type { HostRecord, ServiceRecord } from '../core/records.ts';
import { type Service, servicesBySandbox, servicesOf } from '../core/services.ts';
import type { Driver } from '../docker/driver.ts';
import type { SwarmView } from '../docker/watch.ts';
import { Balancer, type Sandboxes } from './balancer.ts';
import { createDriver, type PortMaker } from './driver.ts';
import type { Log } from './log.ts';
import { type MemberEvent, Members } from './members.ts';
import { type Kernel, Reconciler } from './reconciler.ts';
import type { State } from './state.ts';
import type { PeerView, SwarmLink } from './swarm-link.ts';

export interface AgentOptions {
  readonly state: State;
  readonly kernel: Kernel & PortMaker;
  readonly findTunnel: () => Promise<Tunnel>;
  /** All addresses by which the Swarm may name this host. */
  readonly ownAddresses: () => readonly string[];
  readonly link: SwarmLink;
  readonly sandboxes: Sandboxes;
  /** Ask Docker now; it answers with `onSwarmView`. */
  readonly askDocker: () => void;
  readonly log: Log;
  readonly now: () => number;
}

/** After this long a host that was not heard is no reason to wait any more, milliseconds. */
const HEAR_WITHIN_MS = 10_000;

/** Endpoints and networks that Docker made and forgot are kept this long, milliseconds. */
const FORGET_AFTER_MS = 60_000;

/**
 * The agent of one host: holds what Docker asked for, what containers have joined and what the
 * other hosts say, and keeps the kernel and the others in line with it.
 */
export class Agent {
  readonly driver: Driver;
  readonly #options: AgentOptions;
  readonly #members = new Members();
  readonly #reconciler: Reconciler;
  readonly #balancer: Balancer;
  /** Services by network that had a task once; bounded by what the Swarm has. */
  readonly #knownServices = new Map<string, Service[]>();
  readonly #startedAt: number;
  #tunnel: Tunnel | undefined;
  /** Absent until Docker has answered. */
  #view: SwarmView | undefined;
  /** What an earlier agent left in the kernel, until it is known what of it is still right. */
  #inherited: readonly Fact[] | undefined;
  #publishing = false;
  /** Networks that Docker did not list, and since when; bounded by this host's networks. */
  readonly #unlistedSince = new Map<string, number>();

  constructor(options: AgentOptions) {
    this.#options = options;
    const { state, kernel, log, now } = options;
    this.#startedAt = now();
    this.#reconciler = new Reconciler({
      kernel,
      desired: () => this.#desired(),
      onLookBegins: () => this.#members.beginLook(),
      onLook: ({ facts, memberships }) => {
        const ports = new Set(facts.flatMap((it) => (it.kind === 'port' ? [it.dev] : [])));
        this.#inherited ??= facts.filter(leadsAway);
        this.#members.look(memberships);
        this.#dropDeadEndpoints(ports);
        this.#publishSoon();
      },
      log,
    });
    this.driver = createDriver({
      state,
      ports: kernel,
      tunnel: () => this.#findTunnel(),
      reconcile: () => this.#reconciler.request(),
      exclusive: (work) => this.#reconciler.exclusive(work),
      hasDevice: (dev) => this.#reconciler.has(`vxlan ${dev}`),
      knownVnis: () =>
        [...(this.#view?.networks.values() ?? [])].flatMap(({ id, vni }) =>
          vni === undefined ? [] : [[id, vni] as const],
        ),
      changed: () => {
        this.#wantNetworks();
        this.#publishSoon();
        // The first network after this host joined a Swarm comes before the timer's turn.
        if (options.link.sessions === undefined) void this.#refreshLink();
        void this.#reconciler.request();
        options.askDocker();
      },
      joined: () => setImmediate(() => void this.#balancer.update()),
      discovered: options.askDocker,
      now,
    });
    this.#balancer = new Balancer({
      sandboxes: options.sandboxes,
      desired: () => this.#desiredServices(),
      log,
    });
  }

  /**
   * The timer's turn: look at the kernel, the addresses and the identity afresh. The kernel comes
   * first: the others must not hear of this host before it knows its own members.
   */
  async tick(): Promise<void> {
    const { log } = this.#options;
    await this.#findTunnel().catch((error: Error) =>
      log.debug({ reason: error.message }, 'no tunnel address'),
    );
    await this.#reconciler.request(true);
    await this.#refreshLink();
    await this.#balancer.inspect();
  }

  onMembers(event: MemberEvent): void {
    this.#members.event(event);
    this.#publishSoon();
  }

  /** Events of the kernel may have been lost. */
  onMembersLost(reason: string): void {
    this.#options.log.debug({ reason }, 'membership events were interrupted');
    void this.#reconciler.request(true);
  }

  onPeersChanged(): void {
    void this.#reconciler.request();
    void this.#balancer.update();
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

  onSwarmView(view: SwarmView): void {
    this.#view = view;
    this.#setPeers();
    this.#forget();
  }

  /** The networks whose hosts and containers the agent wants to hear of. */
  attached(): Iterable<string> {
    return this.#options.state.networks.keys();
  }

  plan(): Promise<Step[]> {
    return this.#reconciler.plan();
  }

  /** Everything a person may want to know of this host, as of now. */
  report() {
    const { state, link } = this.#options;
    return {
      node: link.sessions?.node,
      tunnel: this.#tunnel,
      problem: link.error || undefined,
      peers: (link.sessions?.views() ?? []).map((it) => ({
        ...it,
        networks: Object.fromEntries(it.networks),
      })),
      networks: [...state.networks.values()].map((it) => ({
        ...it,
        name: this.#view?.networks.get(it.id)?.name,
        groups: groupsOf(bridgeName(it.vni), this.#members.rows()),
        endpoints: state.endpointsOf(it.id).map((endpoint) => ({
          ...endpoint,
          container: this.#view?.networks.get(it.id)?.containers.get(endpoint.id),
        })),
      })),
    };
  }

  close(): void {
    this.#reconciler.close();
  }

  async #refreshLink(): Promise<void> {
    if (!(await this.#options.link.refresh())) return;
    this.#wantNetworks();
    this.#setPeers();
    this.#publish();
  }

  async #findTunnel(): Promise<Tunnel> {
    const found = await this.#options.findTunnel();
    const before = this.#tunnel;
    this.#tunnel = found;
    if (before?.address !== found.address || before.mtu !== found.mtu) {
      this.#options.log.info({ ...found }, 'tunnel address');
      this.#publishSoon();
    }
    return found;
  }

  #desired() {
    const { state, link } = this.#options;
    if (this.#tunnel === undefined) return [];
    const views = link.sessions?.views() ?? [];
    const peers = views.flatMap(({ tunnel, networks }): Peer[] =>
      tunnel === undefined ? [] : [{ tunnel, networks }],
    );
    const facts = desiredFacts({
      tunnel: this.#tunnel,
      networks: state.networks.values(),
      endpoints: state.endpoints.values(),
      peers,
    });
    return [...facts, ...this.#stillInherited(views)];
  }

  /**
   * After a restart the kernel goes on with what the earlier agent wrote. Nothing of it is taken
   * away before every host that Docker lists was heard, or is silent: a host whose agent is down
   * too still forwards, and its containers still listen.
   */
  #stillInherited(views: readonly PeerView[]): Fact[] {
    const { state } = this.#options;
    const inherited = this.#inherited ?? [];
    if (inherited.length === 0) return [];
    if (this.#view !== undefined && !views.some(unheard)) {
      this.#inherited = [];
      return [];
    }
    const heard = views.flatMap((it) =>
      it.tunnel !== undefined && !unheard(it) ? [it.tunnel] : [],
    );
    const vnis = [...state.networks.values()].map((it) => it.vni);
    return inheritedFacts(inherited, { heard: new Set(heard), vnis: new Set(vnis) });
  }

  /** The services of each container, once all that is to be known of them is known. */
  #desiredServices(): ReadonlyMap<string, readonly Service[]> {
    const { state, link, now } = this.#options;
    const views = link.sessions?.views() ?? [];
    const complete = this.#view !== undefined && !views.some(unheard);
    // Until then the rules of an earlier agent serve better than half of the truth.
    if (!complete && now() - this.#startedAt < HEAR_WITHIN_MS) return new Map();
    const own = this.#record();
    const services = new Map(
      [...state.networks.keys()].map((id) => {
        const records = [own?.networks.get(id), ...views.map((it) => it.networks.get(id))];
        const known = this.#knownServices.get(id) ?? [];
        return [
          id,
          servicesOf(
            records.filter((it) => it !== undefined),
            known,
          ),
        ] as const;
      }),
    );
    for (const id of this.#knownServices.keys()) {
      if (!services.has(id)) this.#knownServices.delete(id);
    }
    for (const [id, found] of services) this.#knownServices.set(id, found);
    return servicesBySandbox({
      endpoints: state.endpoints.values(),
      services: (id) => services.get(id) ?? [],
    });
  }

  #localServices(): ReadonlyMap<string, ServiceRecord> {
    const kept = [...this.#options.state.services.values()];
    return new Map(kept.map(({ id, name, vip, serving }) => [id, { name, vip, serving }] as const));
  }

  #record(): HostRecord | undefined {
    const { state, link } = this.#options;
    const node = link.sessions?.node;
    if (node === undefined || this.#tunnel === undefined) return undefined;
    const networks = [...state.networks.values()].map((network) => {
      const groups = groupsOf(bridgeName(network.vni), this.#members.rows());
      const endpoints = state.endpointsOf(network.id);
      const services = this.#localServices();
      return [network.id, networkRecord({ network, endpoints, groups, services })] as const;
    });
    return { node, tunnel: this.#tunnel.address, networks: new Map(networks) };
  }

  /** After everything that is at hand now: a burst of events is one message. */
  #publishSoon(): void {
    if (this.#publishing) return;
    this.#publishing = true;
    setImmediate(() => this.#publish());
  }

  #publish(): void {
    this.#publishing = false;
    void this.#balancer.update();
    const record = this.#record();
    if (record !== undefined) this.#options.link.sessions?.publish(record);
  }

  #wantNetworks(): void {
    const { state, link } = this.#options;
    link.sessions?.setWanted(state.networks.keys());
  }

  /**
   * The hosts that Docker lists, and those that still speak to us of a network: Docker's gossip
   * may lose a host whose agent and containers are well, while its Engine restarts.
   */
  #setPeers(): void {
    const { state, link, ownAddresses } = this.#options;
    const sessions = link.sessions;
    const view = this.#view;
    if (sessions === undefined || view === undefined) return;
    const listed = [...state.networks.keys()].flatMap((id) => view.networks.get(id)?.hosts ?? []);
    const speaking = sessions
      .views()
      .filter((it) => it.state === 'up' && it.networks.size > 0)
      .map((it) => it.address);
    const own = new Set(ownAddresses());
    sessions.setPeers(new Set([...listed, ...speaking].filter((it) => !own.has(it))));
  }

  /** A container that died with Docker takes its veth pair along, and no one says so. */
  #dropDeadEndpoints(ports: ReadonlySet<string>): void {
    const { state, log } = this.#options;
    for (const { id } of [...state.endpoints.values()]) {
      if (ports.has(portName(id))) continue;
      state.endpoints.delete(id);
      log.info({ endpoint: id }, 'the endpoint is gone with its container');
    }
  }

  /** What a crashed Engine made and never took away. */
  #forget(): void {
    const { state, now, log } = this.#options;
    const old = now() - FORGET_AFTER_MS;
    for (const { id, network, sandbox, since } of [...state.endpoints.values()]) {
      const listed = this.#view?.networks.get(network)?.containers.has(id) === true;
      if (sandbox !== undefined || listed || since > old) continue;
      log.info({ endpoint: id }, 'Docker has forgotten the endpoint');
      void this.driver.deleteEndpoint(network, id);
    }
    for (const { id } of [...state.networks.values()]) {
      if (this.#view?.networks.has(id) === true || state.endpointsOf(id).length > 0) {
        this.#unlistedSince.delete(id);
        continue;
      }
      // Docker lists a network only some time after it had us make it.
      const since = this.#unlistedSince.get(id) ?? now();
      this.#unlistedSince.set(id, since);
      if (since > old) continue;
      this.#unlistedSince.delete(id);
      log.info({ network: id }, 'Docker has forgotten the network');
      void this.driver.deleteNetwork(id);
    }
  }
}

/** Whether a peer has yet to say what it has of some network that we share. */
const unheard = (it: PeerView): boolean =>
  it.state === 'connecting' || (it.state !== 'silent' && it.awaited);
