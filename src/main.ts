import { hostname } from 'node:os';
import { Agent } from './agent/agent.ts';
import { Faults } from './agent/faults.ts';
import type { Log } from './agent/log.ts';
import { State } from './agent/state.ts';
import { SwarmLink } from './agent/swarm-link.ts';
import { TunnelFinder } from './agent/tunnel.ts';
import { answerPeer, localApi, metricsApi, type Reporter } from './api/api.ts';
import { checkupApi } from './api/checkup.ts';
import { controlApi } from './api/control.ts';
import { Events } from './api/events.ts';
import { type Listener, listenAt, listenAtPort } from './api/listen.ts';
import { Metrics } from './api/metrics.ts';
import { probeApi } from './api/probe.ts';
import { openCheckups } from './checking.ts';
import { monotonicNow, timeOfDay } from './clock.ts';
import { type Config, readConfig } from './config.ts';
import { GUARD_TABLE } from './core/guards.ts';
import { TUNNEL_TABLE } from './core/tunnel-guard.ts';
import { watchNetAdmins } from './docker/capabilities.ts';
import { watchDataPathPort } from './docker/data-path-port.ts';
import { dockerEngine } from './docker/engine.ts';
import { dockerHandlers } from './docker/handlers.ts';
import { heardEngine, isHeardSilence } from './docker/heard.ts';
import { readSwarmAddresses } from './docker/swarm-files.ts';
import { watchTaskStarts } from './docker/task-starts.ts';
import { watchTasks } from './docker/tasks.ts';
import { watchSwarm } from './docker/watch.ts';
import { watchAddresses } from './kernel/address-monitor.ts';
import { hostVxlans } from './kernel/checkup.ts';
import { canLockPorts, missingFeatures, tryFeatures } from './kernel/features.ts';
import { hasIpv6 } from './kernel/ipv6.ts';
import * as kernel from './kernel/kernel.ts';
import { isListening } from './kernel/listening.ts';
import { measureFlows, stopCounting } from './kernel/meter.ts';
import { startMonitor } from './kernel/monitor.ts';
import { ensureNamespace, inNamespace } from './kernel/namespace.ts';
import { nftTable } from './kernel/nft-table.ts';
import { refusedPackets } from './kernel/refused.ts';
import { limitRoutes } from './kernel/route-limit.ts';
import { hostAddresses, resolveHost, routeMtus, routeTo } from './kernel/routes.ts';
import * as sandbox from './kernel/sandbox.ts';
import { changeRoutes, readRouting } from './kernel/sandbox-routes.ts';
import { whenNamespace } from './kernel/sandbox-watch.ts';
import { readTraffic } from './kernel/traffic.ts';
import { readUnderlay } from './kernel/underlay.ts';
import { openLog } from './log.ts';
import { Fault } from './net/fault.ts';
import { openProbing } from './probing.ts';
import { askPeers, openSessions, swarmIdentity } from './sessions.ts';

/** A monitor of addresses that was started again counts as running after so long, milliseconds. */
const ADDRESS_FAULT_MS = 3_000;

/** How long a task that failed unexpectedly is told of, milliseconds: until it was done again. */
const TASK_FAULT_MS = 60_000;

/** How long Docker's calls under way may take when the agent stops: a Join waits for 3 s, milliseconds. */
const CALLS_END_MS = 4_000;

/** The agent of one host: builds the rooms, starts them, stops them in reverse order. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const events = new Events();
  const lines = openLog(config.logLevel, (line) => process.stdout.write(line));
  const log = events.beside(lines);
  const state = new State(config.stateDirectory);
  if (await ensureNamespace(config.sharedRun)) state.forgetDevices();

  const faults = new Faults({ log, now: monotonicNow, timeOfDay });
  // Whatever nobody waits for is done again by a timer: a failure is told, and ends no agent.
  process.on('unhandledRejection', (error) => {
    log.error({ error }, 'a task in the background failed');
    faults.note('agent', error instanceof Error ? error.message : String(error), TASK_FAULT_MS);
  });
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
  const directory = `${config.swarmDirectory}/certificates`;
  const identity = swarmIdentity({
    directory,
    pskFile: config.pskFile,
    log,
    onStale: (reason) =>
      reason === undefined ? faults.well('certificates') : faults.note('certificates', reason),
  });
  const link = new SwarmLink({
    identity: async () => (await identity.load()).node,
    open: async (node) => {
      agent.onIdentity();
      return openSessions({
        credentials: await identity.load(),
        config,
        node,
        tunnel: (await tunnels.find()).address,
        onChange: () => agent.onPeersChanged(),
        inForce: () => agent.inForce(),
        onConfirmed: () => agent.onConfirmed(),
        onSubscriber: (address, from) => agent.onSubscriber(address, from),
        isMember: (id) => agent.isMember(id),
        answer: async (what, args) =>
          probing.answer(what, args) ??
          checkups.answer(what, args) ??
          answerPeer(reporter, what, args),
        log,
      });
    },
    log,
  });

  const engine = heardEngine(dockerEngine(config.dockerSocket), {
    onAnswer: () => faults.well('docker'),
    onSilence: (reason) => faults.note('docker', reason),
  });
  const netAdmins = watchNetAdmins(engine);
  const metrics = new Metrics();
  const agent: Agent = new Agent({
    state,
    kernel,
    hostVxlans,
    hasIpv6,
    findTunnel: () => tunnels.find(),
    ownAddresses: () => tunnels.own(),
    link,
    sandboxes: {
      identity: sandbox.sandboxIdentity,
      applyRules: sandbox.applyRules,
      listTable: sandbox.listTable,
      limitRoutes,
      appears: whenNamespace,
      routes: { read: readRouting, change: changeRoutes },
      pairCounters: sandbox.pairCounters,
      mayChange: () => netAdmins(),
    },
    guards: {
      table: nftTable('bridge', GUARD_TABLE, inNamespace),
      canLockPorts,
      tunnels: { port: config.vxlanPort, table: nftTable('inet', TUNNEL_TABLE), readUnderlay },
    },
    askDocker: () => watch.poke(),
    log,
    faults,
    now: monotonicNow,
    timeOfDay,
    measures: metrics,
    certificate: identity.certificate,
    peerPort: config.peerPort,
    version: config.version,
  });

  const traffic = () => readTraffic(GUARD_TABLE);
  const reporter: Reporter = {
    report: () => agent.report(),
    plan: () => agent.plan(),
    flows: async (milliseconds) => ({
      host: agent.report().tunnel?.address ?? '',
      seconds: milliseconds / 1000,
      flows: await measureFlows(milliseconds),
      dropped: await refusedPackets(GUARD_TABLE),
    }),
    balance: () => agent.balance(),
    live: async (seconds) => ({
      name: hostname(),
      report: agent.report(),
      traffic: await traffic(),
      events: events.newest(seconds),
    }),
    metrics: async () =>
      metrics.text({
        report: agent.report(),
        traffic: await traffic(),
        listeners: link.sessions?.listeners() ?? 0,
        certificateExpires: identity.certificate()?.certificateUntil,
      }),
    askPeers: (what, args) => askPeers(link.sessions, what, args),
  };

  const probing = openProbing({ agent, state, link });
  const checkups = openCheckups({
    report: reporter.report,
    plan: reporter.plan,
    addPeers: (addresses) => agent.addPeers(addresses),
    askPeers: reporter.askPeers,
    state,
  });

  const watch = watchSwarm({
    engine,
    attached: () => agent.attached(),
    onView: (view) => agent.onSwarmView(view),
    onError: (error) => {
      log.debug({ reason: error.message }, 'Docker did not answer');
      // Otherwise it is a refusal, or nothing to be understood.
      if (!isHeardSilence(error))
        faults.note('networks', error.message, config.dockerSeconds * 2500);
    },
    intervalMs: config.dockerSeconds * 1000,
  });
  const tasks = watchTasks({
    engine,
    endpoints: () => agent.tasks(),
    openSocket: sandbox.openSocketIn,
    isThere: (path) => sandbox.sandboxIdentity(path) !== undefined,
    isListening,
    onChange: (services) => agent.onServices(services),
    onError: (error) => {
      log.debug({ reason: error.message }, 'the tasks are not known');
      faults.note('tasks', error.message, config.tasksMilliseconds * 6);
    },
    intervalMs: config.tasksMilliseconds,
  });
  const starts = watchTaskStarts(engine, () => tasks.hurry());
  const monitor = startMonitor({
    onEvent: (event) => agent.onMembers(event),
    onGone: (device) => agent.onDeviceGone(device),
    onUp: (device) => agent.onDeviceUp(device),
    onLost: (reason) => agent.onMembersLost(reason),
  });
  const addresses = watchAddresses(
    () => void agent.onAddresses(),
    (reason) => faults.note('addresses', reason, ADDRESS_FAULT_MS),
  );
  const dataPathPort = watchDataPathPort({
    engine,
    onAnswer: (said) => {
      agent.onDataPathPort(said);
      faults.well('data-path-port');
    },
    onUnread: (reason) => faults.note('data-path-port', reason),
    intervalMs: config.lookSeconds * 1000,
  });
  agent.resume();
  const local = [
    await listenAt(
      `${config.stateDirectory}/castnet.sock`,
      localApi(reporter)
        .route('/', controlApi({ log: lines }))
        .route('/', probeApi(probing))
        .route('/', checkupApi(checkups)),
    ),
    ...(config.metrics === undefined
      ? []
      : await openMetrics(config.metrics, { reporter, log, faults })),
  ];
  // Docker's calls need all of the above; and Docker waits for this socket before its own API answers,
  // so nothing before it may wait for that.
  const plugin = await listenAt(config.pluginSocket, dockerHandlers(agent.driver, log));
  await stopCounting();
  await agent.tick();
  const lookFeatures = (): void => {
    const [missing, ...more] = missingFeatures();
    if (missing === undefined) faults.well('features');
    else
      faults.note(
        'features',
        [missing, ...more].map(({ name, why, detail }) => `${name}, ${why}: ${detail}`).join('; '),
      );
  };
  void tryFeatures().then(lookFeatures);
  const timers = [
    setInterval(() => void agent.tick(), config.lookSeconds * 1000),
    setInterval(() => void agent.inspect(), config.inspectSeconds * 1000),
    setInterval(lookFeatures, config.lookSeconds * 1000),
  ];
  log.info({ version: config.version }, 'castnet is ready');

  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, 'castnet stops; the kernel goes on forwarding');
    await plugin.close(CALLS_END_MS);
    for (const timer of timers) clearInterval(timer);
    monitor.close();
    addresses.close();
    starts.close();
    dataPathPort.close();
    tasks.close();
    watch.close();
    await probing.close();
    agent.close();
    await link.close();
    await Promise.all([stopCounting(), ...local.map((it) => it.close())]);
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
}

/** A port that is taken, or an address that the host does not have, must not cost it its networks. */
async function openMetrics(
  at: NonNullable<Config['metrics']>,
  { reporter, log, faults }: { reporter: Reporter; log: Log; faults: Faults },
): Promise<Listener[]> {
  try {
    return [await listenAtPort(at, metricsApi(reporter))];
  } catch (error) {
    log.error({ ...at, reason: (error as Error).message }, 'no metrics by TCP (CASTNET_METRICS)');
    faults.note('metrics', (error as Error).message);
    return [];
  }
}

main().catch((error: Error) => {
  process.stderr.write(`castnet: ${error instanceof Fault ? error.message : error.stack}\n`);
  process.exit(1);
});
