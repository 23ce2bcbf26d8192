import * as z from 'zod';
import type { Engine } from './engine.ts';

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

/** Everything castnet asks of Docker, as of one moment. */
export interface SwarmView {
  /** Ids of the Swarm's nodes; absent on a worker, whose Engine does not tell them. */
  readonly nodes?: ReadonlySet<string>;
  readonly networks: ReadonlyMap<string, NetworkView>;
}

export interface WatchOptions {
  readonly engine: Engine;
  /** Networks this host has containers on: their hosts and containers are asked for. */
  readonly attached: () => Iterable<string>;
  /** Whether a driver's name is castnet's. */
  readonly isOurs: (driver: string) => boolean;
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

const Networks = z.array(z.object({ Id: z.string(), Name: z.string(), Driver: z.string() }));

const Network = z.object({
  Id: z.string(),
  Name: z.string(),
  Options: z.record(z.string(), z.string()).nullish(),
  Peers: z.array(z.object({ IP: z.string() })).nullish(),
  Containers: z
    .record(z.string(), z.object({ Name: z.string(), EndpointID: z.string() }))
    .nullish(),
});

/** Keeps asking the Engine about castnet's networks, on events, on demand and by a timer. */
export function watchSwarm(options: WatchOptions): Watch {
  let closed = false;
  let looking = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let nodes: SwarmView['nodes'];

  const poke = (): void => {
    if (closed) return;
    again = true;
    if (!looking) void look();
  };

  const look = async (): Promise<void> => {
    looking = true;
    clearTimeout(timer);
    while (again && !closed) {
      again = false;
      try {
        const view = await readView(options, nodes);
        nodes = view.nodes;
        if (!closed) options.onView(view);
      } catch (error) {
        options.onError(error as Error);
      }
    }
    looking = false;
    if (!closed) timer = setTimeout(poke, options.intervalMs);
  };

  const events = options.engine.events({
    types: ['network', 'node'],
    onEvent: poke,
    onLost: poke,
  });
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

async function readView(
  { engine, attached, isOurs }: WatchOptions,
  before: SwarmView['nodes'],
): Promise<SwarmView> {
  const all = Networks.parse(await engine.get('/networks'));
  const here = new Set(attached());
  const nodes = await readNodes(engine, before);
  const networks = await Promise.all(
    all
      .filter((it) => isOurs(it.Driver))
      .map(async ({ Id, Name }): Promise<NetworkView> => {
        const known = { id: Id, name: Name, hosts: [], containers: new Map() };
        return here.has(Id) ? { ...known, ...(await inspect(engine, Id)) } : known;
      }),
  );
  return {
    networks: new Map(networks.map((it) => [it.id, it])),
    ...(nodes === undefined ? {} : { nodes }),
  };
}

const Nodes = z.array(z.object({ ID: z.string() }));

/**
 * @param before what stays when a manager cannot tell, as without a leader; and the same set when
 *   nothing differs, so that a change is told by comparing references
 */
async function readNodes(engine: Engine, before: SwarmView['nodes']): Promise<SwarmView['nodes']> {
  try {
    const nodes = new Set(Nodes.parse(await engine.get('/nodes')).map((it) => it.ID));
    return before !== undefined && isSame(nodes, before) ? before : nodes;
  } catch (error) {
    const { message } = error as Error;
    return /not a swarm manager|not part of a swarm/i.test(message) ? undefined : before;
  }
}

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((it) => b.has(it));

async function inspect(engine: Engine, id: string): Promise<Partial<NetworkView>> {
  const { Options, Peers, Containers } = Network.parse(await engine.get(`/networks/${id}`));
  const vni = Number(Options?.vni);
  return {
    hosts: (Peers ?? []).map((it) => it.IP),
    containers: new Map(
      Object.values(Containers ?? {}).map((it) => [it.EndpointID, it.Name] as const),
    ),
    ...(Number.isInteger(vni) ? { vni } : {}),
  };
}
