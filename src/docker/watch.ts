import * as z from 'zod';
import { Coalesced } from '../core/coalesced.ts';
import { type Engine, EngineError } from './engine.ts';
import { inTime } from './in-time.ts';
import { paced } from './paced.ts';
import { Question } from './question.ts';

/** A network as this host's Engine sees it. */
export interface NetworkView {
  readonly id: string;
  readonly name: string;
  /** From the driver's settings; absent until it was allocated. */
  readonly vni?: number;
  /** Addresses of the hosts that take part, from Docker's gossip; this host among them. */
  readonly hosts: readonly string[];
  /** Names of this host's containers on it, by endpoint id. */
  readonly containers: ReadonlyMap<string, string>;
}

/** Everything castnet asks of Docker, as it was said last. */
export interface SwarmView {
  /** Ids of the Swarm's nodes; absent on a worker, whose Engine does not tell them. */
  readonly nodes?: ReadonlySet<string>;
  /** The nodes' addresses, where their ids are told. */
  readonly nodeAddresses?: ReadonlySet<string>;
  /** Those of the attached networks that Docker knows. */
  readonly networks: ReadonlyMap<string, NetworkView>;
  /** Ids of attached networks of which Docker has not said anything yet. */
  readonly unanswered: ReadonlySet<string>;
}

export interface WatchOptions {
  readonly engine: Engine;
  /** Ids of the networks this host has containers on. */
  readonly attached: () => Iterable<string>;
  readonly onView: (view: SwarmView) => void;
  readonly onError: (error: Error) => void;
  /** Between two looks without cause, milliseconds: Docker has no event for a host that comes. */
  readonly intervalMs: number;
}

export interface Watch {
  /** Look now: something happened. Any number of calls while a look is under way is one more. */
  poke(): void;
  close(): void;
}

/** How long an answer may take to be part of the view with the others, milliseconds. */
const PATIENCE_MS = 300;

/**
 * Looks without a wait, and those of a host whose containers come and go all the time: each is a question
 * for every network, and a list of 1000 nodes is a megabyte that the Swarm's leader makes.
 */
const LOOKS = { perSecond: 4, burst: 20 };
const NODE_LISTS = { perSecond: 0.5, burst: 10 };

const Event = z.object({ Type: z.string() });

/**
 * Keeps asking the Engine about networks and nodes, on events, on demand and by a timer. A network
 * that the Engine has is asked for by its id, which it answers by itself; its list of networks and
 * that of the nodes come from the Swarm's leader, so they wait when there is none. Of a container that
 * joins or leaves a network Docker has an event of the network, which says nothing of nodes.
 */
export function watchSwarm(options: WatchOptions): Watch {
  const { engine, onError } = options;
  const nodes = new Question<Members | undefined>({
    get: (before) => readNodes(engine, before),
    onError,
    rest: paced(NODE_LISTS),
  });
  /** Those attached at the last look. */
  let networks: ReadonlyMap<string, Question<NetworkView | undefined>> = new Map();
  let closed = false;
  let looking = false;
  /** Whether the next look is to ask for the nodes too. */
  let isForNodes = false;
  let timer: NodeJS.Timeout | undefined;

  const looks = new Coalesced(async () => {
    if (closed) return;
    looking = true;
    clearTimeout(timer);
    try {
      const questions = new Map([...options.attached()].map((id) => [id, questionOf(id)]));
      networks = questions;
      const asked = isForNodes ? [nodes, ...questions.values()] : [...questions.values()];
      isForNodes = false;
      await inTime(Promise.all(asked.map((it) => it.ask().then(tellLate))), PATIENCE_MS);
      tell();
    } catch (error) {
      onError(error as Error);
    }
    looking = false;
    if (!closed) timer = setTimeout(poke, options.intervalMs);
  }, paced(LOOKS));
  const poke = (): void => {
    isForNodes = true;
    void looks.request();
  };
  const onEvent = (event: unknown): void => {
    const { data } = Event.safeParse(event);
    if (data?.Type === 'network') void looks.request();
    else poke();
  };

  const questionOf = (id: string): Question<NetworkView | undefined> =>
    networks.get(id) ?? new Question({ get: () => readNetwork(engine, id), onError });

  /** During a look its end tells everything at once. */
  const tellLate = (): void => {
    if (!looking) tell();
  };

  const tell = (): void => {
    const answers = [...networks.values()].flatMap((it) => it.last ?? []);
    // An Engine that says nothing at all leaves things as they are.
    if (closed || (networks.size > 0 && answers.length === 0)) return;
    const found = answers.flatMap((it) => it.answer ?? []);
    const unanswered = [...networks].filter(([, it]) => it.last === undefined);
    const members = nodes.last?.answer;
    options.onView({
      networks: new Map(found.map((it) => [it.id, it])),
      unanswered: new Set(unanswered.map(([id]) => id)),
      ...(members === undefined ? {} : { nodes: members.ids, nodeAddresses: members.addresses }),
    });
  };

  const events = engine.events({ types: ['network', 'node'], onEvent, onLost: poke });
  poke();

  return {
    poke,
    close(): void {
      closed = true;
      clearTimeout(timer);
      events.close();
    },
  };
}

const Nodes = z.array(
  z.object({
    ID: z.string(),
    Status: z.object({ Addr: z.string().optional() }).nullish(),
    ManagerStatus: z
      .object({ Leader: z.boolean().optional(), Addr: z.string().optional() })
      .nullish(),
  }),
);

/** The nodes of the Swarm. */
interface Members {
  readonly ids: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
}

/**
 * A leader that is started again before another one is elected is still asked by the other managers,
 * and answers from what it has read of its log so far: nodes that joined late are missing (swarmkit,
 * manager/manager.go: the remote control API is not told whether its raft node leads). Such a list
 * names no leader.
 * @param before what stays when a manager cannot tell, as without a leader; and the same set when
 *   nothing differs, so that a change is told by comparing references
 */
async function readNodes(
  engine: Engine,
  before: Members | undefined,
): Promise<Members | undefined> {
  try {
    const listed = Nodes.parse(await engine.get('/nodes'));
    if (!listed.some((it) => it.ManagerStatus?.Leader)) return before;
    const nodes = new Set(listed.map((it) => it.ID));
    const ids = before !== undefined && isSame(nodes, before.ids) ? before.ids : nodes;
    // Of a leader the other one may be unspecified.
    const addresses = listed.flatMap(({ Status, ManagerStatus }) => [
      ...(Status?.Addr ? [Status.Addr] : []),
      ...(ManagerStatus?.Addr ? [withoutPort(ManagerStatus.Addr)] : []),
    ]);
    return { ids, addresses: new Set(addresses) };
  } catch (error) {
    const { message } = error as Error;
    return /not a swarm manager|not part of a swarm/i.test(message) ? undefined : before;
  }
}

const withoutPort = (text: string): string => text.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((it) => b.has(it));

const Network = z.object({
  Id: z.string(),
  Name: z.string(),
  Options: z.record(z.string(), z.string()).nullish(),
  Peers: z.array(z.object({ IP: z.string() })).nullish(),
  Containers: z
    .record(z.string(), z.object({ Name: z.string(), EndpointID: z.string() }))
    .nullish(),
});

/** @returns undefined when Docker has no such network */
async function readNetwork(engine: Engine, id: string): Promise<NetworkView | undefined> {
  const found = await engine.get(`/networks/${id}`).catch((error: Error) => {
    if (error instanceof EngineError && error.status === 404) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { Id, Name, Options, Peers, Containers } = Network.parse(found);
  const vni = Number(Options?.vni);
  return {
    id: Id,
    name: Name,
    hosts: (Peers ?? []).map((it) => it.IP),
    containers: new Map(
      Object.values(Containers ?? {}).map((it) => [it.EndpointID, it.Name] as const),
    ),
    ...(Number.isInteger(vni) ? { vni } : {}),
  };
}
