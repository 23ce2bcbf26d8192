import type { HostReport } from '../contract/report.ts';
import { portName } from '../core/names.ts';
import type { DataPathPort } from '../docker/data-path-port.ts';
import type { Driver } from '../docker/driver.ts';
import type { SwarmView } from '../docker/watch.ts';
import type { AgentOptions } from './agent-options.ts';
import type { EphemeralEndpoints } from './ephemeral-endpoints.ts';
import type { MemberEvent } from './members.ts';
import { buildRooms, type Rooms } from './rooms.ts';

/** Events that were interrupted count as complete again after so long, milliseconds. */
const MEMBERSHIP_FAULT_MS = 3_000;

/**
 * The agent of one host: takes what the kernel, Docker and the other hosts tell, and says what is so. What
 * follows from it is in the rooms (rooms.ts).
 */
export class Agent {
  readonly driver: Driver;
  /** What Docker knows nothing of. */
  readonly ephemeral: EphemeralEndpoints;
  readonly #options: AgentOptions;
  /** What the agent is made of. */
  readonly rooms: Rooms;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.rooms = buildRooms(options);
    this.driver = this.rooms.driver;
    this.ephemeral = this.rooms.ephemeral;
  }

  /**
   * The timer's turn: look at the kernel, the addresses and the identity afresh. The kernel comes
   * first: the others must not hear of this host before it knows its own members.
   */
  async tick(): Promise<void> {
    const { tunnel, sendLimits, discovery, guard, tunnelGuard, encryption, forwarding, peers } =
      this.rooms;
    await tunnel.look();
    void sendLimits.update();
    discovery.again();
    await Promise.all([guard.loop.request(true), tunnelGuard.loop.request(true)]);
    await encryption.loop.request(true);
    await forwarding.reconciler.loop.request(true);
    await peers.refresh();
  }

  /** The other timer's turn: containers that may have changed their own rules. */
  async inspect(): Promise<void> {
    await this.rooms.services.balancer.inspect();
    this.rooms.reports.noteLacks();
  }

  /** Containers that an earlier agent was told of, and may not have come to. */
  resume(): void {
    const { host, preparation, discovery } = this.rooms;
    const newest = [...host.state.endpoints.values()].sort((a, b) => b.since - a.since);
    void preparation.resume(newest.flatMap((it) => it.sandbox ?? []));
    discovery.resume();
  }

  /** Addresses, routes or links of the host have changed, perhaps those of the tunnels. */
  async onAddresses(): Promise<void> {
    const { tunnel, lateAddress, tunnelGuard, fastPath } = this.rooms;
    void fastPath.loop.request(true);
    const isOther = await tunnel.look();
    lateAddress.changed();
    if (isOther) return this.tick();
    // The same address may be on another interface, by which other hosts' packets come from now on.
    await tunnelGuard.loop.request(true);
  }

  onMembers(event: MemberEvent): void {
    const { host, memberships, timings } = this.rooms;
    memberships.event(event);
    if (!event.gone) timings.joined();
    host.emit('members');
  }

  /** Events of the kernel may have been lost. */
  onMembersLost(reason: string): void {
    this.#options.log.debug({ reason }, 'membership events were interrupted');
    this.#options.faults.note('membership', reason, MEMBERSHIP_FAULT_MS);
    void this.rooms.forwarding.reconciler.loop.request(true);
  }

  /** A container's interface is up. */
  onDeviceUp(device: string): void {
    const { host, discovery, firstQuestion } = this.rooms;
    const found = [...host.state.endpoints.values()].find(({ id }) => portName(id) === device);
    if (found === undefined) return;
    void firstQuestion.up(found);
    discovery.up(found.id);
  }

  /** Sessions are about to be opened as another node. */
  onIdentity(): void {
    this.rooms.host.unlistedPeers.hush();
  }

  /**
   * Another host of the Swarm listens to us, so it shares a network: Docker's gossip may tell of
   * it only seconds later. Counted as a peer for as long as the gossip may take.
   * @param from where its packets come from; resolves when they are let in
   */
  onSubscriber(address: string, from: readonly string[]): Promise<void> {
    const { host, tunnelGuard } = this.rooms;
    host.unlistedPeers.add(address);
    host.emit('unlisted');
    host.emit('question');
    return tunnelGuard.admit(from);
  }

  /** Counts hosts as peers for a while, so that sessions with them are tried, network or not. */
  async addPeers(addresses: Iterable<string>): Promise<void> {
    const { host } = this.rooms;
    // It may have joined its Swarm just now.
    if (host.link.sessions === undefined) await this.tick();
    host.unlistedPeers.add(...addresses);
    host.emit('unlisted');
  }

  onSwarmView(view: SwarmView): void {
    this.rooms.host.swarm = view;
    this.rooms.host.emit('swarm');
  }

  /** What this host's Engine says of the Swarm's `--data-path-port`. */
  onDataPathPort(said: DataPathPort): void {
    const { host, swarmPort, informant } = this.rooms;
    host.managers = said.managers;
    informant.look(said.managers);
    const isNew = swarmPort.told(said);
    host.dataPathPort = swarmPort.own;
    if (isNew) this.rooms.publication.soon();
  }

  report(): HostReport {
    return this.rooms.reports.report();
  }

  close(): void {
    this.rooms.close();
  }
}
