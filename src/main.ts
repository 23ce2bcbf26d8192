import { Agent } from './agent/agent.ts';
import { Faults } from './agent/faults.ts';
import { State } from './agent/state.ts';
import { SwarmLink } from './agent/swarm-link.ts';
import { TunnelFinder } from './agent/tunnel.ts';
import { openAnswering } from './answering.ts';
import { Events } from './api/events.ts';
import { Metrics } from './api/metrics.ts';
import { openCheckups } from './checking.ts';
import { monotonicNow, timeOfDay } from './clock.ts';
import { readConfig } from './config.ts';
import { GUARD_TABLE } from './core/rules/guards.ts';
import { TUNNEL_TABLE } from './core/rules/tunnel-guard.ts';
import { watchNetAdmins } from './docker/capabilities.ts';
import { dockerEngine } from './docker/engine.ts';
import { dockerHandlers } from './docker/handlers.ts';
import { heardEngine } from './docker/heard.ts';
import { openHolders } from './docker/holders.ts';
import { readSwarmAddresses } from './docker/swarm-files.ts';
import { openExposing } from './exposing.ts';
import { hostVxlans } from './kernel/checkup.ts';
import { fastKernel } from './kernel/fastpath/kernel.ts';
import { createHookedPort } from './kernel/fastpath/ports.ts';
import { canLockPorts } from './kernel/features.ts';
import { hasIpv6 } from './kernel/ipv6.ts';
import * as kernel from './kernel/kernel.ts';
import { stopCounting } from './kernel/meter.ts';
import { ensureNamespace, inNamespace } from './kernel/namespace.ts';
import { nftTable } from './kernel/nft-table.ts';
import { hostAddresses, readUnderlay, routeMtus, routeTo } from './kernel/remembered.ts';
import { limitRoutes } from './kernel/route-limit.ts';
import { hostRoutes, resolveHost } from './kernel/routes.ts';
import * as sandbox from './kernel/sandbox.ts';
import { readUnanswered } from './kernel/sandbox-neighbours.ts';
import { changeRoutes, readRouting } from './kernel/sandbox-routes.ts';
import { whenNamespace } from './kernel/sandbox-watch.ts';
import { Wireguard } from './kernel/wireguard.ts';
import { openLog } from './log.ts';
import { Fault } from './net/fault.ts';
import { openProbing } from './probing.ts';
import { openReporter, serve } from './serving.ts';
import { openSessions, swarmIdentity } from './sessions.ts';
import { listenAt } from './system/listen.ts';
import { Stopping } from './system/stopping.ts';
import { watchDocker, watchKernel, watchTime } from './watching.ts';

/** How long a task that failed unexpectedly is told of, milliseconds: until it was done again. */
const TASK_FAULT_MS = 60_000;

/** How long Docker's calls under way may take when the agent stops: a Join waits for 3 s, milliseconds. */
const CALLS_END_MS = 4_000;

/** The agent of one host: builds the rooms, starts them, stops them in reverse order. */
async function main(): Promise<void> {
  const stopping = new Stopping(process);
  const config = readConfig(process.env);
  const events = new Events();
  const lines = openLog(config.logLevel, (line) => process.stdout.write(line));
  const log = events.beside(lines);
  const state = new State(config.stateDirectory);
  if (await ensureNamespace(config.sharedRun, log)) state.forgetDevices();

  const faults = new Faults({ log, now: monotonicNow, timeOfDay });
  // Whatever nobody waits for is done again by a timer: a failure is told, and ends no agent.
  process.on('unhandledRejection', (error) => {
    log.error({ error }, 'a task in the background failed');
    faults.note('agent', error instanceof Error ? error.message : String(error), TASK_FAULT_MS);
  });

  const identity = swarmIdentity({
    directory: `${config.swarmDirectory}/certificates`,
    pskFile: config.pskFile,
    log,
    onStale: (reason) =>
      reason === undefined ? faults.well('certificates') : faults.note('certificates', reason),
  });
  const link = new SwarmLink({ identity: identity.node, log });
  const tunnels = new TunnelFinder({
    settings: { bound: config.tunnelAddress, told: config.advertiseAddress },
    vxlanPort: config.vxlanPort,
    swarm: () => readSwarmAddresses(config.swarmDirectory),
    peers: () => link.sessions?.views().flatMap((it) => it.tunnel ?? []) ?? [],
    addresses: hostAddresses,
    routeTo,
    routeMtus,
    resolve: resolveHost,
  });
  const docker = dockerEngine(config.dockerSocket);
  const engine = heardEngine(docker, {
    onAnswer: () => faults.well('docker'),
    onSilence: (reason) => faults.note('docker', reason),
  });
  const netAdmins = watchNetAdmins(engine);
  const metrics = new Metrics();
  const agent = new Agent({
    state,
    kernel: config.fastPath === 'off' ? kernel : { ...kernel, createPort: createHookedPort },
    hostVxlans,
    hasIpv6,
    hostRoutes,
    findTunnel: () => tunnels.find(),
    ownAddresses: () => tunnels.own(),
    link,
    sandboxes: {
      identity: sandbox.sandboxIdentity,
      applyRules: sandbox.applyRules,
      listTables: sandbox.listTables,
      limitRoutes,
      appears: whenNamespace,
      routes: { read: readRouting, change: changeRoutes },
      unanswered: readUnanswered,
      pairCounters: sandbox.pairCounters,
      mayChange: () => netAdmins(),
      untracked: config.untracked,
    },
    guards: {
      table: nftTable('bridge', GUARD_TABLE, inNamespace),
      canLockPorts,
      tunnels: {
        ...{ port: config.vxlanPort, untracked: config.untracked },
        ...{ table: nftTable('inet', TUNNEL_TABLE), readUnderlay },
      },
    },
    encryption: {
      device: new Wireguard({ ...config, log }),
      port: config.wireguardPort,
      renewMs: config.wireguardRenewSeconds * 1000,
      renewKeyMs: config.wireguardKeySeconds * 1000,
    },
    fast: { setting: config.fastPath, kernel: fastKernel(`${config.sharedRun}/castnet`) },
    log,
    faults,
    now: monotonicNow,
    timeOfDay,
    measures: metrics,
    certificate: identity.certificate,
    peerPort: config.peerPort,
    version: config.version,
  });
  const { host, peers, secrets } = agent.rooms;

  const reporter = openReporter({
    agent,
    events,
    metrics,
    certificateExpires: () => identity.certificate()?.certificateUntil,
  });
  const probing = openProbing({ agent, state, link });
  const exposing = openExposing({ agent, holders: openHolders(docker), log });
  const checkups = openCheckups({
    report: reporter.report,
    plan: reporter.plan,
    addPeers: (addresses) => agent.addPeers(addresses),
    granted: (addresses, by) => host.meetings.granted(addresses, by),
    askPeers: reporter.askPeers,
    state,
  });
  link.openBy(async (node) => {
    agent.onIdentity();
    return openSessions({
      credentials: await identity.load(),
      config,
      node,
      tunnel: (await tunnels.find()).address,
      onChange: () => host.emit('peers'),
      inForce: agent.rooms.inForce,
      onConfirmed: () => host.emit('confirmed'),
      onSubscriber: (address, from) => agent.onSubscriber(address, from),
      isMember: (id) => peers.isMember(id),
      mayHear: (peer, network) => host.admission.may(network, peer),
      answer: openAnswering({ admission: host.admission, probing, checkups, secrets, reporter }),
      log,
    });
  });

  const watched = { agent, engine, config, faults, log };
  const watches = [watchDocker(watched), watchKernel(watched)];
  agent.resume();
  const sockets = await serve({
    config,
    reporter,
    probing,
    checkups,
    exposing,
    lines,
    faults,
    log,
  });
  // Docker's calls need all of the above; and Docker waits for this socket before its own API answers,
  // so nothing before it may wait for that.
  const plugin = await listenAt(config.pluginSocket, dockerHandlers(agent.driver, log));
  await stopCounting();
  await agent.tick();
  watches.push(watchTime(watched));

  stopping.by(async (signal) => {
    log.info({ signal }, 'castnet stops; the kernel goes on forwarding');
    await plugin.close(CALLS_END_MS);
    for (const it of [...watches, exposing]) it.close();
    await probing.close();
    agent.close();
    await link.close();
    await Promise.all([stopCounting(), ...sockets.map((it) => it.close())]);
  });
  log.info({ version: config.version }, 'castnet is ready');
}

main().catch((error: Error) => {
  process.stderr.write(`castnet: ${error instanceof Fault ? error.message : error.stack}\n`);
  process.exit(1);
});
