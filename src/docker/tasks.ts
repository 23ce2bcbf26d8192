import type { Socket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import type { ServiceRecord } from '../core/records.ts';
import type { Engine } from './engine.ts';
import { onNetwork, resolveNames } from './names.ts';

/**
 * Which containers of this host are tasks of which service, and whether they take connections.
 *
 * Docker's API lists a service's tasks until they are gone; only its DNS drops one as soon as it is
 * to be stopped, two seconds before its process hears of it (moby, daemon/cluster/executor/
 * container/controller.go, Shutdown), and adds one only when it is healthy. So the list says what
 * belongs to what, and the DNS says what is in service. Each host asks for its own tasks alone and
 * tells the others.
 *
 * The DNS says nothing of a name that it does not know, and nothing in time when the Engine is busy.
 * It knows a service's own name for as long as there is any task of it, stopping or not (seen with
 * 20.10), so this tells the one from the other. When both are silent, a task is what it was before:
 * its end is seen by that of its endpoint.
 *
 * A task without a health check is in the DNS before its program listens, which takes some programs
 * seconds. So it is in service only once something in it listens, or has had the time to.
 */
export interface TaskWatchOptions {
  readonly engine: Engine;
  /** This host's endpoints that joined, by network. */
  readonly endpoints: () => ReadonlyMap<string, readonly LocalTask[]>;
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

export interface LocalTask {
  readonly endpoint: string;
  readonly ip: string;
  readonly sandbox: string;
}

export interface TaskWatch {
  /** Tasks are about to come into service: looks follow each other quickly for a moment. */
  hurry(): void;
  close(): void;
}

const Verbose = z.object({
  Name: z.string(),
  Services: z
    .record(
      z.string(),
      z.object({
        VIP: z.string(),
        Tasks: z
          .array(z.object({ Name: z.string(), EndpointID: z.string(), EndpointIP: z.string() }))
          .nullish(),
      }),
    )
    .nullish(),
});

/** What the list of tasks says of one endpoint; a container that is no task has no service. */
interface Listed {
  readonly task: string;
  readonly service?: { readonly name: string; readonly vip: string };
}

interface Watched {
  /** The network's name; empty until it was read. */
  name: string;
  listed: Map<string, Listed>;
  socket?: { readonly sandbox: string; readonly socket: Socket };
  readAt: number;
  /** The list is being read. */
  reading?: Promise<void>;
  /** A look at the network is under way. */
  looking?: Promise<void>;
  /** When each task was first in the DNS, and whether it has been seen to listen since. */
  young: Map<string, { readonly since: number; ready: boolean }>;
  /** The endpoints that were in the DNS when it last said anything of them. */
  inDns: ReadonlySet<string>;
  /** What was found last. */
  found: readonly Found[];
}

type Found = readonly [endpoint: string, service: ServiceRecord];

/** How long a task that never listens is waited for, milliseconds: it may want nothing but pings. */
const LISTEN_MS = 10_000;

/**
 * After a task's process was started, or its health check passed, Docker adds it to its DNS at once
 * (moby, daemon/cluster/executor/container/controller.go, Start): looks come this often for so long,
 * milliseconds. A look that takes longer is followed by a rest as long.
 */
const HURRY_MS = 20;
const HURRY_FOR_MS = 2_000;

/** How long a look at one network keeps the answers of others waiting, milliseconds. */
const PATIENCE_MS = 400;

/** How long the list is believed while every local endpoint is in it, milliseconds. */
const LIST_MS = 5000;

export function watchTasks(options: TaskWatchOptions): TaskWatch {
  const { engine, endpoints, onChange, onError, intervalMs } = options;
  /**
   * Nobody knows how old those are that an agent finds when it starts, so they count as ready, and as
   * in service until the DNS says otherwise.
   */
  const elders = new Set([...endpoints().values()].flat().map((it) => it.endpoint));
  /** Bounded by the networks of this host. */
  const watched = new Map<string, Watched>();
  let last = '';
  let closed = false;

  const look = async (): Promise<void> => {
    const here = endpoints();
    for (const [network, it] of watched) {
      const isUsed = here.has(network);
      if (!isUsed || !isHeld(it)) letGo(it);
      if (!isUsed) watched.delete(network);
    }
    const found = await Promise.all([...here].map(([network, tasks]) => foundOn(network, tasks)));
    const services = new Map(found.flat().sort(([a], [b]) => (a < b ? -1 : 1)));
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
  const foundOn = async (network: string, tasks: readonly LocalTask[]) => {
    const state = watched.get(network) ?? unknownNetwork(elders);
    watched.set(network, state);
    state.looking ??= lookAtNetwork(network, state, tasks)
      .then((found) => {
        state.found = found;
      })
      .catch(onError)
      .finally(() => {
        delete state.looking;
      });
    await Promise.race([state.looking, pause(PATIENCE_MS)]);
    return state.found;
  };

  const lookAtNetwork = async (network: string, state: Watched, tasks: readonly LocalTask[]) => {
    refreshList(network, state, tasks);
    // A busy Engine takes seconds for its list; a task that stops must be noticed meanwhile.
    if (state.name === '') await state.reading;
    // A task that has just been started is not in the list of before.
    else if (performance.now() < hurryUntil) await Promise.race([state.reading, pause(HURRY_MS)]);
    const candidates = tasks.flatMap((it) => {
      const listed = state.listed.get(it.endpoint);
      return listed?.service === undefined ? [] : [{ ...it, ...listed, service: listed.service }];
    });
    if (candidates.length === 0) return [];
    const socket = await socketOf(network, state, tasks);
    if (socket === undefined) return [];
    const nameOf = (name: string) => onNetwork(name, state.name);
    const names = candidates.flatMap((it) => [nameOf(it.task), nameOf(it.service.name)]);
    const answers = await resolveNames(socket, [...new Set(names)]);
    if (answers.size === 0) onError(new Error('Docker’s DNS does not answer in its containers'));
    const inDns = candidates.filter(({ endpoint, ip, task, service }) => {
      const isKnown = answers.has(nameOf(task)) || answers.has(nameOf(service.name));
      return isKnown ? answers.get(nameOf(task))?.includes(ip) : state.inDns.has(endpoint);
    });
    state.inDns = new Set(inDns.map((it) => it.endpoint));
    const serving = await readyOf(inDns, state);
    return candidates.map(({ endpoint, service }) => {
      return [endpoint, { ...service, serving: serving.has(endpoint) }] as const;
    });
  };

  /** Those of the tasks in the DNS that listen, or did, or have had the time to. */
  const readyOf = async (tasks: readonly LocalTask[], state: Watched): Promise<Set<string>> => {
    const now = performance.now();
    const before = state.young;
    state.young = new Map();
    const isReady = async ({ endpoint, sandbox }: LocalTask): Promise<boolean> => {
      if (elders.has(endpoint)) return true;
      const young = before.get(endpoint) ?? { since: now, ready: false };
      state.young.set(endpoint, young);
      young.ready ||= now - young.since > LISTEN_MS || (await options.isListening(sandbox));
      return young.ready;
    };
    const ready = await Promise.all(tasks.map(isReady));
    return new Set(tasks.filter((_, at) => ready[at]).map((it) => it.endpoint));
  };

  const refreshList = (network: string, state: Watched, tasks: readonly LocalTask[]): void => {
    const complete = tasks.every((it) => state.listed.has(it.endpoint));
    if (complete && performance.now() - state.readAt < LIST_MS) return;
    state.reading ??= readList(network, state, tasks)
      .catch(onError)
      .finally(() => {
        delete state.reading;
      });
  };

  const readList = async (network: string, state: Watched, tasks: readonly LocalTask[]) => {
    const { Name, Services } = Verbose.parse(await engine.get(`/networks/${network}?verbose=true`));
    const listed = new Map<string, Listed>();
    for (const [name, { VIP: vip, Tasks }] of Object.entries(Services ?? {})) {
      const service = name !== '' && isAddress(vip) ? { name, vip } : undefined;
      for (const { Name: task, EndpointID } of Tasks ?? []) {
        listed.set(EndpointID, service === undefined ? { task } : { task, service });
      }
    }
    // An endpoint never goes from one service to another, and the list may lack it for a moment.
    for (const { endpoint } of tasks) {
      const before = state.listed.get(endpoint);
      if (before?.service !== undefined) listed.set(endpoint, before);
    }
    state.name = Name;
    state.listed = listed;
    state.readAt = performance.now();
  };

  const isHeld = ({ socket }: Watched) => socket !== undefined && options.isThere(socket.sandbox);

  /** A socket keeps its namespace, and with it the port of a container that died. */
  const letGo = (state: Watched): void => {
    state.socket?.socket.close();
    delete state.socket;
  };

  /** @returns undefined when the network's last container left while its namespace was entered */
  const socketOf = async (
    network: string,
    state: Watched,
    tasks: readonly LocalTask[],
  ): Promise<Socket | undefined> => {
    const held = state.socket;
    const inUse = tasks.some((it) => it.sandbox === held?.sandbox);
    if (held !== undefined && inUse && isHeld(state)) return held.socket;
    letGo(state);
    const sandbox = tasks.find((it) => options.isThere(it.sandbox))?.sandbox;
    if (sandbox === undefined) throw new Error('no container of the network has a namespace yet');
    const socket = await options.openSocket(sandbox);
    socket.on('error', onError);
    // Nobody would let go of it any more.
    if (closed || watched.get(network) !== state) {
      socket.close();
      return undefined;
    }
    state.socket = { sandbox, socket };
    return socket;
  };

  let timer: NodeJS.Timeout | undefined;
  let hurryUntil = 0;
  const turn = async (): Promise<void> => {
    timer = undefined;
    const begin = performance.now();
    try {
      await look();
    } catch (error) {
      onError(error as Error);
    }
    const end = performance.now();
    const took = end - begin;
    const rest = end < hurryUntil ? Math.max(HURRY_MS, took) : Math.max(0, intervalMs - took);
    if (!closed) timer = setTimeout(turn, rest);
  };
  timer = setTimeout(turn, 0);

  return {
    hurry(): void {
      hurryUntil = performance.now() + HURRY_FOR_MS;
      // Otherwise a look is under way, and its rest will be short.
      if (timer === undefined || closed) return;
      clearTimeout(timer);
      timer = setTimeout(turn, 0);
    },
    close(): void {
      closed = true;
      clearTimeout(timer);
      for (const { socket } of watched.values()) socket?.socket.close();
    },
  };
}

const unknownNetwork = (inDns: ReadonlySet<string>): Watched => ({
  ...{ name: '', listed: new Map(), readAt: 0 },
  ...{ young: new Map(), inDns, found: [] },
});

const isAddress = (text: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(text);
