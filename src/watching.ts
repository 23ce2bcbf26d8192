import type { Agent } from './agent/agent.ts';
import type { Faults } from './agent/faults.ts';
import type { Log } from './agent/log.ts';
import type { Config } from './config.ts';
import { watchDataPathPort } from './docker/data-path-port.ts';
import type { Engine } from './docker/engine.ts';
import { watchGoneNetworks } from './docker/gone-networks.ts';
import { isHeardSilence } from './docker/heard.ts';
import { watchTaskStarts } from './docker/task-starts.ts';
import { watchTasks } from './docker/tasks.ts';
import { watchSwarm } from './docker/watch.ts';
import { watchAddresses } from './kernel/address-monitor.ts';
import { missingFeatures, tryFeatures } from './kernel/features.ts';
import { isListening } from './kernel/listening.ts';
import { startMonitor } from './kernel/monitor.ts';
import { watchNamespace } from './kernel/namespace.ts';
import * as sandbox from './kernel/sandbox.ts';
import { atBeats } from './system/beats.ts';

/** A monitor of addresses that was started again counts as running after so long, milliseconds. */
const ADDRESS_FAULT_MS = 3_000;

/** From one look at networks that are gone to the next, milliseconds: an id that is free can wait. */
const GONE_MS = 60_000;
/** From one look to the next whether the containers' namespaces are there, milliseconds. */
const NAMESPACES_MS = 1_000;

export interface WatchingOptions {
  readonly agent: Agent;
  readonly engine: Engine;
  readonly config: Config;
  readonly faults: Faults;
  readonly log: Log;
}

/** What tells the agent of the world, one after the other ended by `close`. */
export interface Watching {
  close(): void;
}

/** Docker's word on networks, nodes, tasks and the Swarm's port. */
export function watchDocker({ agent, engine, config, faults, log }: WatchingOptions): Watching {
  const { host, services } = agent.rooms;
  const swarm = watchSwarm({
    engine,
    attached: () => host.state.networks.keys(),
    onView: (view) => agent.onSwarmView(view),
    onError: (error) => {
      log.debug({ reason: error.message }, 'Docker did not answer');
      // Otherwise it is a refusal, or nothing to be understood.
      if (!isHeardSilence(error))
        faults.note('networks', error.message, config.dockerSeconds * 2500);
    },
    intervalMs: config.dockerSeconds * 1000,
  });
  host.on('question', () => swarm.poke());
  const tasks = watchTasks({
    engine,
    endpoints: () => services.tasks(),
    openSocket: sandbox.openSocketIn,
    isThere: (path) => sandbox.sandboxIdentity(path) !== undefined,
    isListening,
    onChange: (found) => services.setServices(found),
    onError: (error) => {
      log.debug({ reason: error.message }, 'the tasks are not known');
      faults.note('tasks', error.message, config.tasksMilliseconds * 6);
    },
    intervalMs: config.tasksMilliseconds,
  });
  const starts = watchTaskStarts(engine, () => tasks.hurry());
  const port = watchDataPathPort({
    engine,
    onAnswer: (said) => {
      agent.onDataPathPort(said);
      faults.well('data-path-port');
    },
    onUnread: (reason) => faults.note('data-path-port', reason),
    intervalMs: config.lookSeconds * 1000,
  });
  const { allocations } = host.state;
  const gone = watchGoneNetworks({
    engine,
    kept: () => allocations.keys(),
    onGone: (id) => {
      const vni = allocations.get(id)?.vni;
      allocations.delete(id);
      log.info({ network: id, vni }, 'the network is gone, and its id free');
    },
    onUnread: (reason) => log.debug({ reason }, 'which networks are gone is not known'),
    intervalMs: GONE_MS,
  });
  return closing(starts, port, tasks, swarm, gone);
}

/** The kernel's events. */
export function watchKernel({ agent, faults }: WatchingOptions): Watching {
  const monitor = startMonitor({
    onEvent: (event) => agent.onMembers(event),
    onGone: (device) => agent.rooms.forwarding.deviceGone(device),
    onUp: (device) => agent.onDeviceUp(device),
    onFollowing: () => void agent.rooms.forwarding.reconciler.loop.request(true),
    onLost: (reason) => agent.onMembersLost(reason),
  });
  const addresses = watchAddresses(
    () => void agent.onAddresses(),
    (reason) => faults.note('addresses', reason, ADDRESS_FAULT_MS),
  );
  const namespace = watchNamespace(() => void agent.rooms.forwarding.reconciler.loop.request(true));
  return closing(monitor, addresses, namespace);
}

/** The looks that no event asks for. */
export function watchTime({ agent, config, faults }: WatchingOptions): Watching {
  const lookFeatures = (): void => {
    const missing = missingFeatures();
    const words = missing.map(({ name, why, detail }) => `${name}, ${why}: ${detail}`);
    if (words.length === 0) faults.well('features');
    else faults.note('features', words.join('; '));
  };
  void tryFeatures().then(lookFeatures);
  const timers = [
    setInterval(() => void agent.tick(), config.lookSeconds * 1000),
    setInterval(() => void agent.inspect(), config.inspectSeconds * 1000),
    setInterval(lookFeatures, config.lookSeconds * 1000),
  ];
  const namespaces = atBeats(NAMESPACES_MS, () => agent.rooms.garbage.dropWithoutNamespace());
  return {
    close(): void {
      namespaces.close();
      for (const it of timers) clearInterval(it);
    },
  };
}

const closing = (...watches: readonly Watching[]): Watching => ({
  close(): void {
    for (const it of watches) it.close();
  },
});
