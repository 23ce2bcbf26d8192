import type { Socket } from 'node:dgram';
import type { ServiceRecord } from '../core/records.ts';
import { untilBeat } from '../net/beat.ts';
import type { Engine } from './engine.ts';
import { inTime } from './in-time.ts';
import { type LocalEndpoint, LocalTask } from './local-task.ts';
import { hasTask, onNetwork } from './names.ts';
import { TaskList } from './task-list.ts';
import { TaskSockets } from './task-sockets.ts';

/**
 * Which containers of this host are tasks of which service, and whether they take connections.
 *
 * Docker's API lists a service's tasks until they are gone; only its DNS drops one as soon as it is
 * to be stopped, two seconds before its process hears of it (moby, daemon/cluster/executor/
 * container/controller.go, Shutdown), and adds one only when it is healthy. So the list says what
 * belongs to what, and the DNS says what is in service. Each host asks for its own tasks alone, each
 * in its own namespace, and tells the others.
 */
export interface TaskWatchOptions {
  readonly engine: Engine;
  /** This host's endpoints that joined, by network. */
  readonly endpoints: () => ReadonlyMap<string, readonly LocalEndpoint[]>;
  /** A socket in a container's namespace. */
  readonly openSocket: (sandbox: string) => Promise<Socket>;
  /** As `sandboxIdentity` of the kernel: undefined when the namespace is gone. */
  readonly isThere: (sandbox: string) => boolean;
  /** Whether anything in the container's namespace takes connections or packets. */
  readonly isListening: (sandbox: string) => Promise<boolean>;
  /** By endpoint id; called when it differs from before. */
  readonly onChange: (services: ReadonlyMap<string, ServiceRecord>) => void;
  readonly onError: (error: Error) => void;
  /** From one look to the next, milliseconds: the time that Docker's DNS may be ahead. */
  readonly intervalMs: number;
}

export interface TaskWatch {
  /** Tasks are about to come into service: looks follow each other quickly for a moment. */
  hurry(): void;
  close(): void;
}

interface Watched {
  readonly list: TaskList;
  /** By endpoint id. */
  tasks: Map<string, LocalTask>;
  /** A look at the network is under way. */
  looking?: Promise<void>;
  /** What was found last. */
  found: readonly (readonly [endpoint: string, service: ServiceRecord])[];
}

/**
 * After a task's process was started, or its health check passed, Docker adds it to its DNS at once
 * (moby, daemon/cluster/executor/container/controller.go, Start): looks come this often for so long,
 * milliseconds. A look that takes longer is followed by a rest as long.
 */
const HURRY_MS = 20;
const HURRY_FOR_MS = 2_000;

/** How long a look at one network keeps the answers of others waiting, milliseconds. */
const PATIENCE_MS = 400;

/** The same of one task, whose container may have lost Docker's DNS. */
const TASK_PATIENCE_MS = 50;

/** How many looks pass over a task that has long been out of service. */
const RARELY = 10;

/**
 * How many pass over a list in which nobody is looked for: an endpoint that was found in it stays what it is,
 * and of one that is no task nothing is expected but an event.
 */
const LIST_RARELY = 60;

export function watchTasks(options: TaskWatchOptions): TaskWatch {
  const { engine, endpoints, onChange, onError, intervalMs } = options;
  const sockets = new TaskSockets({ ...options, open: options.openSocket });
  /** Nobody knows how old those are that an agent finds when it starts. */
  const elders = new Set([...endpoints().values()].flat().map((it) => it.endpoint));
  /** Bounded by the networks of this host. */
  const watched = new Map<string, Watched>();
  let last = '';
  let closed = false;

  const look = async (): Promise<void> => {
    const here = endpoints();
    sockets.keep(new Set([...here.values()].flat().map((it) => it.sandbox)));
    for (const network of watched.keys()) if (!here.has(network)) watched.delete(network);
    await Promise.all([...here].map(([network, these]) => lookAt(network, these)));
    const found = [...watched.values()].flatMap((it) => it.found);
    const services = new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
    const text = JSON.stringify([...services]);
    if (text !== last && !closed) {
      last = text;
      onChange(services);
    }
  };

  /**
   * One network's trouble is not another's: it stays as it was found last, also while the Engine takes
   * its time for it.
   */
  const lookAt = async (network: string, here: readonly LocalEndpoint[]): Promise<void> => {
    const state = watched.get(network) ?? unknownNetwork(network);
    watched.set(network, state);
    state.looking ??= findOn(state, here)
      .catch(onError)
      .finally(() => {
        delete state.looking;
      });
    await inTime(state.looking, PATIENCE_MS);
  };

  const findOn = async (state: Watched, here: readonly LocalEndpoint[]): Promise<void> => {
    const { list, tasks } = state;
    const isHurried = performance.now() < hurryUntil;
    state.tasks = new Map(here.map((it) => [it.endpoint, taskAt(it, tasks.get(it.endpoint))]));
    const isUnlisted = ({ endpoint }: LocalEndpoint) => list.of(endpoint) === undefined;
    const unlisted = [...state.tasks.values()].filter((it) => isUnlisted(it.at));
    const isYoung = unlisted.some((it) => it.isYoung());
    const restMs = intervalMs * (isYoung ? 1 : LIST_RARELY);
    const names = here.map((it) => it.endpoint);
    const reading = list.refresh(names, isHurried && unlisted.length > 0 ? 0 : restMs);
    // By the time that a task is in the list there is a socket to ask by.
    if (isHurried) for (const it of unlisted) if (it.isYoung()) void sockets.of(it.at.sandbox);
    // A busy Engine takes seconds for its list; a task that stops must be noticed meanwhile.
    if (list.name === '') await reading;
    // A task that has just been started is not in the list of before.
    else if (isHurried && reading !== undefined) await inTime(reading, HURRY_MS);
    const listed = [...state.tasks.values()].flatMap((task) => {
      const service = list.of(task.at.endpoint)?.service;
      return service === undefined ? [] : [{ task, service }];
    });
    const asked = listed.map(({ task }) => task).filter((it) => isHurried || it.isDue(RARELY));
    const answers = Promise.all(asked.map((it) => ask(it, list)));
    await inTime(answers, TASK_PATIENCE_MS);
    state.found = await Promise.all(
      listed.map(async ({ task, service }) => {
        const serving = await task.isServing(options.isListening);
        return [task.at.endpoint, { ...service, serving }] as const;
      }),
    );
    if (listed.length > 0 && listed.every(({ task }) => task.isSilent)) {
      onError(new Error('Docker’s DNS does not answer in its containers'));
    }
  };

  /** What comes of it after its look is told by one more. */
  const ask = async (task: LocalTask, list: TaskList): Promise<void> => {
    const before = task.isInDns;
    const begin = performance.now();
    await task.ask(async (endpoint) => {
      const socket = await sockets.of(endpoint.sandbox);
      const listed = list.of(endpoint.endpoint);
      if (socket === undefined || listed?.service === undefined) return undefined;
      const { name, vip } = listed.service;
      const asked = { name: onNetwork(listed.task, list.name), ip: endpoint.ip };
      return hasTask(socket, asked, { name: onNetwork(name, list.name), ip: vip });
    });
    const isLate = performance.now() - begin > TASK_PATIENCE_MS;
    if (isLate && task.isInDns !== before) lookAgain();
  };

  const taskAt = (at: LocalEndpoint, before: LocalTask | undefined): LocalTask => {
    if (before === undefined) return new LocalTask(at, elders.has(at.endpoint), onError);
    before.at = at;
    return before;
  };

  const unknownNetwork = (network: string): Watched => ({
    list: new TaskList(engine, network, onError),
    tasks: new Map(),
    found: [],
  });

  let timer: NodeJS.Timeout | undefined;
  let hurryUntil = 0;
  let isDueAgain = false;
  const turn = async (): Promise<void> => {
    timer = undefined;
    isDueAgain = false;
    const begin = performance.now();
    try {
      await look();
    } catch (error) {
      onError(error as Error);
    }
    const end = performance.now();
    const took = end - begin;
    const isHurried = isDueAgain || end < hurryUntil;
    const rest = isHurried ? Math.max(HURRY_MS, took) : untilBeat(end, intervalMs);
    if (!closed) timer = setTimeout(turn, rest);
  };
  timer = setTimeout(turn, 0);

  const lookAgain = (): void => {
    isDueAgain = true;
    // Otherwise a look is under way, and its rest will be short.
    if (timer === undefined || closed) return;
    clearTimeout(timer);
    timer = setTimeout(turn, 0);
  };

  return {
    hurry(): void {
      hurryUntil = performance.now() + HURRY_FOR_MS;
      lookAgain();
    },
    close(): void {
      closed = true;
      clearTimeout(timer);
      sockets.keep(new Set());
    },
  };
}
