import { DesiredState } from '../../core/forwarding/desired-state.ts';
import { afterStep, differenceOf, explain } from '../../core/forwarding/difference.ts';
import type { Fact } from '../../core/forwarding/facts.ts';
import type { ForwardingInput, Peer } from '../../core/forwarding/forwarding.ts';
import type { LocalEndpoint, LocalNetwork } from '../../core/local.ts';
import type { EndpointRecord, GroupRecord, HostRecord } from '../../core/records.ts';
import { desiredFacts, difference } from '../../core/testing/oracle.ts';
import { macOfIpv4 } from '../../net/mac.ts';
import type { NetworkMessage } from '../messages.ts';
import { Published } from '../published.ts';
import { Replica } from '../replica.ts';

/**
 * A whole Swarm in memory: what each host has, what it last heard of each other host, and the
 * messages under way between them. Events change it one at a time; `faults` says where a host wants
 * of its kernel something else than the truth about all hosts asks for.
 */

export const NETWORKS: readonly LocalNetwork[] = ['net-a', 'net-b', 'net-c'].map((id, i) => ({
  id,
  vni: 8_000_001 + i,
  options: {},
}));

/** 224.129.1.1 shares its MAC with 239.1.1.1. */
export const GROUPS = ['239.1.1.1', '224.129.1.1', '239.2.2.2', 'ff02::fb'] as const;

/** Hosts are named by number, counted round; networks, containers and groups likewise. */
export type ModelEvent =
  | { readonly do: 'join' | 'leave'; readonly host: number; readonly network: number }
  /** Starts the container with this number on the host; one that runs elsewhere moves. */
  | { readonly do: 'start'; readonly host: number; readonly network: number; readonly n: number }
  | { readonly do: 'stop'; readonly network: number; readonly n: number }
  | {
      readonly do: 'group';
      readonly host: number;
      readonly network: number;
      readonly n: number;
      readonly sources: readonly string[];
    }
  | { readonly do: 'ungroup'; readonly host: number; readonly network: number; readonly n: number }
  /** The agent starts anew: it knows its own containers and nothing of the others. */
  | { readonly do: 'restart'; readonly host: number }
  /** What happens to the messages from `peer` that are under way to `host`. */
  | { readonly do: LinkAction; readonly host: number; readonly peer: number };

export type LinkAction = 'deliver' | 'repeat' | 'swap' | 'lose' | 'reconnect' | 'cut' | 'mend';

interface Contents {
  readonly endpoints: Map<string, EndpointRecord>;
  readonly groups: Map<string, GroupRecord>;
}

/** What a host holds of one other host. */
interface Link {
  replica: Replica;
  /** Messages under way, oldest first. */
  queue: NetworkMessage[];
  /** No sign of life: the record is dropped, and what is said is lost. */
  silent: boolean;
}

class Host {
  readonly address: string;
  readonly contents = new Map<string, Contents>();
  readonly links = new Map<Host, Link>();
  published: Published;
  #epoch = 0;
  #desired = new DesiredState();
  /** What it wrote, which outlives the agent. */
  readonly #kernel = new Map<string, Fact>();
  /** To be compared at the next run beside what changed; all, when the agent has just looked. */
  readonly #open = new Set<string>();
  readonly #locals = new WeakMap<EndpointRecord, LocalEndpoint>();

  constructor(index: number) {
    this.address = `10.9.0.${index + 1}`;
    this.published = this.restart();
  }

  restart(): Published {
    this.#epoch += 1;
    this.#desired = new DesiredState();
    for (const key of this.#kernel.keys()) this.#open.add(key);
    this.published = new Published(`${this.address}-${this.#epoch}`, this.address);
    this.published.update(this.record());
    return this.published;
  }

  wanted(): Set<string> {
    return new Set(this.contents.keys());
  }

  record(): HostRecord {
    const networks = [...this.contents].map(([id, { endpoints, groups }]) => {
      const vni = NETWORKS.find((it) => it.id === id)?.vni as number;
      const lists = { endpoints: [...endpoints.values()], groups: [...groups.values()] };
      return [id, { vni, ...lists }] as const;
    });
    return { node: this.address, tunnel: this.address, networks: new Map(networks) };
  }

  /** Brings its kernel in line with what it has heard, as the agent does: bit by bit. */
  reconcile(): void {
    this.#desired.update(this.#input(this.#heard()));
    const touched = new Set([...this.#desired.takeTouched(), ...this.#open]);
    this.#open.clear();
    const want = (key: string, was: Fact | undefined) => this.#desired.get(key, was);
    for (const step of differenceOf(touched, want, this.#kernel)) afterStep(this.#kernel, step);
  }

  /** What its kernel lacks, or has too much, by the truth about all that it sees. */
  faults(): string[] {
    this.reconcile();
    const truth = this.#seen().map(([peer]) => {
      return { tunnel: peer.address, networks: peer.record().networks };
    });
    const steps = difference(desiredFacts(this.#input(truth)), this.#kernel.values());
    return steps.map((step) => `${this.address}: ${explain(step)}`);
  }

  #seen(): [Host, Link][] {
    return [...this.links].filter(([, link]) => !link.silent);
  }

  #heard(): Peer[] {
    return this.#seen().map(([{ address }, { replica }]) => {
      return { tunnel: address, networks: new Map(replica.networks) };
    });
  }

  #input(peers: readonly Peer[]): ForwardingInput {
    const endpoints = [...this.contents].flatMap(([network, contents]) =>
      [...contents.endpoints.values()].map((it) => this.#local(network, it)),
    );
    return {
      tunnel: { address: this.address, port: 4789, mtu: 1450 },
      networks: NETWORKS.filter((it) => this.contents.has(it.id)),
      endpoints,
      peers,
    };
  }

  /** The same object each time, as the agent's state has it. */
  #local(network: string, record: EndpointRecord): LocalEndpoint {
    const { id, ip, mac } = record;
    const local = this.#locals.get(record) ?? { id, network, address: `${ip}/8`, mac };
    this.#locals.set(record, local);
    return local;
  }
}

export class ModelSwarm {
  readonly hosts: readonly Host[];
  readonly #newReplica: () => Replica;

  /** @param newReplica what hears; a test of the model itself passes a broken one */
  constructor(size: number, newReplica = () => new Replica()) {
    this.#newReplica = newReplica;
    this.hosts = Array.from({ length: size }, (_, i) => new Host(i));
    for (const host of this.hosts) {
      for (const peer of this.#others(host)) {
        host.links.set(peer, { replica: newReplica(), queue: [], silent: false });
      }
    }
  }

  happen(event: ModelEvent): void {
    this.#happen(event);
    if ('host' in event) this.#host(event.host).reconcile();
  }

  #happen(event: ModelEvent): void {
    switch (event.do) {
      case 'stop':
        this.#stop(networkId(event.network), event.n);
        break;
      case 'restart':
        this.#restart(this.#host(event.host));
        break;
      case 'join':
        this.#join(this.#host(event.host), networkId(event.network));
        break;
      case 'leave':
        this.#leave(this.#host(event.host), networkId(event.network));
        break;
      case 'start':
      case 'group':
      case 'ungroup':
        this.#change(this.#host(event.host), event);
        break;
      default:
        this.#onLink(event.do, this.#host(event.host), this.#host(event.peer));
    }
  }

  /** Delivers everything under way, until it is quiet. */
  settle(): void {
    for (const host of this.hosts) {
      for (const [peer, { queue }] of host.links)
        while (queue.length > 0) this.#deliver(host, peer);
    }
  }

  /** Begins every session anew, as a loss that nobody could notice asks for. */
  reconnectAll(): void {
    for (const host of this.hosts) {
      for (const [peer, link] of host.links) if (!link.silent) this.#reconnect(host, peer);
    }
  }

  /** In words, what hosts want otherwise than the truth asks for; empty when all is right. */
  faults(): string[] {
    return this.hosts.flatMap((host) => host.faults());
  }

  #host(index: number): Host {
    return this.hosts[index % this.hosts.length] as Host;
  }

  #others(host: Host): Host[] {
    return this.hosts.filter((it) => it !== host);
  }

  /** After a change on a host: what it says to those that want it. */
  #tell(host: Host): void {
    const { messages } = host.published.update(host.record());
    for (const peer of this.#others(host)) {
      const link = peer.links.get(host) as Link;
      const wanted = peer.wanted();
      if (link.silent) continue;
      link.queue.push(...[...messages.values()].filter((it) => wanted.has(it.network)));
    }
  }

  #join(host: Host, network: string): void {
    if (host.contents.has(network)) return;
    host.contents.set(network, { endpoints: new Map(), groups: new Map() });
    for (const [peer, { replica, queue, silent }] of host.links) {
      replica.setWanted(host.wanted());
      if (!silent) queue.push(peer.published.current(network));
    }
    this.#tell(host);
  }

  #leave(host: Host, network: string): void {
    host.contents.delete(network);
    for (const { replica } of host.links.values()) replica.setWanted(host.wanted());
    this.#tell(host);
  }

  #change(host: Host, event: Extract<ModelEvent, { do: 'start' | 'group' | 'ungroup' }>): void {
    const network = networkId(event.network);
    const contents = host.contents.get(network);
    if (contents === undefined) return;
    const group = GROUPS[event.n % GROUPS.length] as string;
    if (event.do === 'start') {
      this.#stop(network, event.n);
      const endpoint = containerOf(event.n, network);
      contents.endpoints.set(endpoint.id, endpoint);
    } else if (event.do === 'ungroup') {
      contents.groups.delete(group);
    } else {
      contents.groups.set(group, groupRecord(group, event.sources));
    }
    this.#tell(host);
  }

  #stop(network: string, n: number): void {
    for (const host of this.hosts) {
      const gone = host.contents.get(network)?.endpoints.delete(containerOf(n, network).id);
      if (gone === true) this.#tell(host);
    }
  }

  #restart(host: Host): void {
    host.restart();
    for (const peer of this.#others(host)) {
      this.#reconnect(peer, host);
      (host.links.get(peer) as Link).replica = this.#newReplica();
      this.#reconnect(host, peer);
    }
  }

  /** A session ends, with all that was under way, and begins anew unless the peer is silent. */
  #reconnect(host: Host, peer: Host): void {
    const link = host.links.get(peer) as Link;
    const wanted = host.wanted();
    link.replica.setWanted(wanted);
    link.queue = link.silent ? [] : [...wanted].map((it) => peer.published.current(it));
  }

  #onLink(what: LinkAction, host: Host, peer: Host): void {
    if (peer === host) return;
    const link = host.links.get(peer) as Link;
    const [first, second] = link.queue;
    if (what === 'deliver') this.#deliver(host, peer);
    if (what === 'lose') link.queue.shift();
    if (what === 'repeat' && first) link.queue.splice(Math.min(3, link.queue.length), 0, first);
    if (what === 'swap' && first && second) link.queue.splice(0, 2, second, first);
    if (what === 'reconnect') this.#reconnect(host, peer);
    if (what === 'cut' || what === 'mend') {
      link.silent = what === 'cut';
      if (link.silent) link.replica.clear();
      this.#reconnect(host, peer);
    }
  }

  #deliver(host: Host, peer: Host): void {
    const { queue, replica } = host.links.get(peer) as Link;
    const message = queue.shift();
    if (message === undefined) return;
    const outcome = replica.hear(message);
    if (outcome.do === 'refused') throw new Error(`an honest record is refused: ${outcome.reason}`);
    if (outcome.do === 'resync') queue.push(peer.published.current(message.network));
  }
}

const networkId = (index: number): string => NETWORKS[index % NETWORKS.length]?.id as string;

/** An endpoint is of one network alone, so each has ids of its own. */
function containerOf(n: number, network: string): EndpointRecord {
  const ip = `10.0.0.${n + 2}`;
  const at = NETWORKS.findIndex((it) => it.id === network);
  return { id: `${at}${n.toString(16).padStart(4, '0')}`.padEnd(64, '0'), ip, mac: macOfIpv4(ip) };
}

function groupRecord(group: string, sources: readonly string[]): GroupRecord {
  return { group, mode: sources.length > 0 ? 'include' : 'exclude', sources };
}
