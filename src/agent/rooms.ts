import { networkMtu } from '../core/forwarding/forwarding.ts';
import type { AgentOptions } from './agent-options.ts';
import { Discovery } from './discovery.ts';
import { createDriver } from './driver.ts';
import { Encryption } from './encryption.ts';
import { EphemeralEndpoints } from './ephemeral-endpoints.ts';
import { Exposures } from './exposures.ts';
import { FastPath } from './fast-path.ts';
import { FirstQuestion } from './first-question.ts';
import { Forwarding } from './forwarding.ts';
import { GarbageCollector } from './garbage-collection.ts';
import { Guard } from './guard.ts';
import { Host } from './host.ts';
import { Informant } from './informant.ts';
import { hostsKnown, macOf, networkHeard, networksOf, unconfirmed } from './knowledge.ts';
import { LateAddress } from './late-address.ts';
import { MembershipTable } from './membership-table.ts';
import { PairSecrets } from './pair-secrets.ts';
import { Preparation } from './preparation.ts';
import { Publication } from './publication.ts';
import { Reports } from './reports.ts';
import { SendLimits } from './send-limits.ts';
import { ServiceRules } from './service-rules.ts';
import { SwarmPeers } from './swarm-peers.ts';
import { SwarmPort } from './swarm-port.ts';
import { Timings } from './timings.ts';
import { TunnelGuard } from './tunnel-guard.ts';
import { TunnelWatch } from './tunnel-watch.ts';

export type Rooms = ReturnType<typeof buildRooms>;

/**
 * Builds an agent's rooms, each of what was built before it. What follows from a change of the host is
 * subscribed here or by the room itself, in the order in which it happens.
 */
export function buildRooms(options: AgentOptions) {
  const { state, kernel, link, sandboxes, faults, log, now, timeOfDay } = options;
  const host = new Host(options);
  const askDocker = () => void host.emit('question');
  const timings = new Timings(options.measures);
  const peers = new SwarmPeers(host);

  const knownHosts = () => {
    const knowledge = host.knowledge();
    const heard = host.restart.isComplete(knowledge);
    return hostsKnown(knowledge, host.unlistedPeers.addresses(), heard);
  };
  const tunnelGuard = new TunnelGuard({
    ...options.guards.tunnels,
    tunnel: () => host.tunnel?.local ?? host.tunnel?.address,
    encrypted: () =>
      networksOf(host.knowledge()).flatMap((it) => (it.options.encrypted ? [it.vni] : [])),
    hosts: knownHosts,
    exposed: () => exposures.links(),
    log,
    now,
  });
  host.when(['peers', 'swarm', 'endpoints'], () => void tunnelGuard.loop.request());
  const secrets = new PairSecrets({
    ...{ sessions: () => link.sessions, log, now },
    renewMs: options.encryption.renewMs,
  });
  const encryption = new Encryption({
    ...{ ...options.encryption, host, secrets, log, timeOfDay, now },
    isSealed: (vni) => tunnelGuard.isSealed(vni),
  });
  host.isOpen = (network) => encryption.isOpen(network);
  const tunnel = new TunnelWatch({
    host,
    find: options.findTunnel,
    admit: () => tunnelGuard.loop.request(true),
    log,
  });
  const lateAddress = new LateAddress({ find: () => tunnel.find(), log, now });
  const swarmPort = new SwarmPort({
    sessions: () => link.sessions,
    ask: (managers) => {
      host.unlistedPeers.addQuietly(...managers);
      host.emit('unlisted');
    },
    now,
  });

  const informant = new Informant({
    sessions: () => link.sessions,
    swarm: () => host.swarm,
    meet: (manager) => {
      host.unlistedPeers.addQuietly(manager);
      host.emit('unlisted');
    },
  });

  const guard = new Guard({
    ...options.guards,
    networks: () => networksOf(host.knowledge()),
    endpoints: () => [...state.endpoints.values(), ...host.ephemeral.endpoints()],
    silenced: () => host.memberships.silenced(),
    log,
  });
  host.when(['endpoints'], () => void guard.loop.request());
  const memberships = new MembershipTable({
    enforce: () => guard.loop.request(),
    flush: (port) => kernel.flushPort(port),
    log,
    now,
  });
  host.memberships = memberships;

  const forwarding = new Forwarding({
    ...{ host, kernel, memberships, timings, faults, log, now, timeOfDay },
    hostVxlans: options.hostVxlans,
    vxlanPort: options.guards.tunnels.port,
    onLeave: () => fastPath.leave(),
  });
  const { reconciler, busy } = forwarding;
  /** Resolves when the kernel forwards as all says that was known before the call. */
  const inForce = async (): Promise<void> => {
    await Promise.all([reconciler.loop.request(), encryption.settled()]);
  };
  const fastPath: FastPath = new FastPath({
    ...{ ...options.fast, host, slow: reconciler, log, now },
  });
  host.when(['endpoints', 'tunnel'], () => fastPath.reopen());
  host.when(['forwarded', 'endpoints', 'tunnel', 'members'], () => void fastPath.loop.request());
  host.when(['looked'], () => void fastPath.loop.request(true));
  const ephemeral = new EphemeralEndpoints({
    reconciler,
    busy,
    changed: () => host.emit('endpoints'),
    whyNoDevice: (network) => forwarding.whyNoDevice(network),
  });
  host.ephemeral = ephemeral;

  const publication = new Publication(host);
  host.when(['record'], () => host.record && timings.told());
  const services = new ServiceRules({ host, sandboxes, log, now });
  const discovery = new Discovery({
    state,
    identity: sandboxes.identity,
    ...sandboxes.routes,
    log,
  });
  const firstQuestion = new FirstQuestion({
    unanswered: sandboxes.unanswered,
    change: sandboxes.routes.change,
    macOf: (network, ip) => macOf(host.knowledge(), network, ip),
    log,
  });
  const exposures: Exposures = new Exposures({
    state,
    reconciler,
    guard: tunnelGuard,
    hostRoutes: options.hostRoutes,
    hosts: () => [...knownHosts().named, ...options.ownAddresses()],
    identity: sandboxes.identity,
  });
  const preparation = new Preparation({
    identity: sandboxes.identity,
    appears: sandboxes.appears,
    write: (sandbox) => services.balancer.prepare(sandbox),
    writeIfNone: (sandbox) => services.balancer.prepareIfNone(sandbox),
    isHeard: (id) => networkHeard(host.knowledge(), id, options.ownAddresses()),
    reconcile: inForce,
    mark: (id) => link.sessions?.mark(id),
    unconfirmed: (id, mark) =>
      unconfirmed(host.knowledge(), id, link.sessions?.confirmed(id, mark) ?? new Map()),
    isExpected: (path) => [...state.endpoints.values()].some((it) => it.sandbox === path),
    askDocker,
    log,
    now,
  });
  host.when(['swarm'], () => preparation.forget(new Set(state.networks.keys())));
  host.when(['swarm', 'peers', 'confirmed'], () => preparation.changed());
  const sendLimits = new SendLimits({
    endpoints: () => state.endpoints.values(),
    mtuOf: (id) => {
      const network = state.networks.get(id);
      return network && host.tunnel && networkMtu(network, host.tunnel);
    },
    limit: async (...what) => sandboxes.limitRoutes?.(...what),
    identity: sandboxes.identity,
    log,
  });

  const driver = createDriver({
    state,
    ports: kernel,
    tunnel: () => tunnel.find(),
    tunnelSoon: () => lateAddress.wait(),
    reconcile: () => reconciler.loop.request(),
    encrypt: async (vni) => {
      await tunnelGuard.loop.request();
      return encryption.prepare(vni);
    },
    lastTunnel: () => host.tunnel,
    busy,
    made: ({ id }, vni) => forwarding.made(id, vni),
    removed: (device) => reconciler.forget(device),
    expose: (endpoint, network) => exposures.make(endpoint, network),
    hasDevice: (dev) => reconciler.has(`vxlan ${dev}`),
    whyNoDevice: (network) => forwarding.whyNoDevice(network),
    hasIpv6: options.hasIpv6,
    knownVnis: () => host.knownVnis(),
    changed: () => {
      host.emit('endpoints');
      askDocker();
    },
    joined: () => setImmediate(() => void services.balancer.update()),
    prepare: ({ network, sandbox }) => preparation.join(network, sandbox),
    discovery,
    discovered: askDocker,
    now,
  });
  const garbage = new GarbageCollector({
    ...driver,
    state,
    identity: sandboxes.identity,
    changed: () => host.emit('endpoints'),
    log,
    now,
  });
  host.on('looked', ({ ports, began }) => garbage.dropDeadEndpoints(ports, began));
  host.on('swarm', () => host.swarm && garbage.forget(host.swarm));
  const reports = new Reports({
    ...{ host, forwarding, services, guard, tunnelGuard, discovery, exposures, sendLimits },
    ...{ swarmPort, fastPath },
    ...options,
    encryption,
  });
  const loops = [fastPath, forwarding.reconciler, guard, tunnelGuard].map((it) => it.loop);
  const close = (): void => {
    const rooms = [preparation, discovery, services, reports, encryption, ...loops];
    for (const it of rooms) it.close();
  };

  return {
    ...{ host, timings, peers, tunnel, tunnelGuard, lateAddress, swarmPort, guard, memberships },
    ...{ forwarding, ephemeral, publication, services, discovery, firstQuestion, preparation },
    ...{
      informant,
      garbage,
      sendLimits,
      exposures,
      driver,
      reports,
      encryption,
      secrets,
      fastPath,
    },
    ...{ inForce, close },
  };
}
