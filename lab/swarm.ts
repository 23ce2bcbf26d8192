/** Makes one Swarm of a lab's hosts. */
import { EngineError } from './engine.ts';
import type { LabHost } from './host.ts';
import { dataAddress, type Underlay } from './plan.ts';
import { GiveUp, settle, until } from './run.ts';

const PORT = 2377;
const JOIN_MS = 60_000;
const READY_MS = 60_000;

type Node = {
  Status: { State: string };
  ManagerStatus?: { Reachability: string };
};

export type SwarmOptions = { underlay: Underlay; signal?: AbortSignal | undefined };

/** What an Engine is told of its own addresses. */
function addressesOf(host: LabHost, underlay: Underlay) {
  const data = dataAddress(underlay, Number(host.name.slice(1)));
  return {
    ListenAddr: underlay === 'ipv6' ? `[::]:${PORT}` : `0.0.0.0:${PORT}`,
    AdvertiseAddr: host.address,
    ...(data === undefined ? {} : { DataPathAddr: data }),
  };
}

/** The first host starts the Swarm, all others join it at once in their roles. */
export async function formSwarm(hosts: LabHost[], options: SwarmOptions): Promise<void> {
  const { underlay, signal } = options;
  const [first, ...others] = hosts;
  if (first === undefined) return;
  await first.api('POST', '/swarm/init', addressesOf(first, underlay));
  await settle(others.map((host) => joinSwarm(host, { first, underlay, signal })));
  await until(() => allReady(first, hosts), {
    what: 'a Swarm in which every node is ready',
    timeoutMs: READY_MS,
    everyMs: 100,
    signal,
  });
}

/** Makes a host a node of the first one's Swarm, in its role. */
export async function joinSwarm(
  host: LabHost,
  { first, underlay, signal }: SwarmOptions & { first: LabHost },
): Promise<void> {
  const { JoinTokens: tokens } = await first.api<{
    JoinTokens: { Manager: string; Worker: string };
  }>('GET', '/swarm');
  const token = host.role === 'manager' ? tokens.Manager : tokens.Worker;
  await until(() => join(host, { first, token, underlay }), {
    what: `${host.name}: joining the Swarm`,
    timeoutMs: JOIN_MS,
    everyMs: 200,
    signal,
  });
}

async function join(
  host: LabHost,
  { first, token, underlay }: { first: LabHost; token: string; underlay: Underlay },
): Promise<true> {
  const { Swarm: swarm } = await host.api<{ Swarm: { LocalNodeState: string; Error?: string } }>(
    'GET',
    '/info',
  );
  if (swarm.LocalNodeState === 'active') return true;
  try {
    await host.api('POST', '/swarm/join', {
      ...addressesOf(host, underlay),
      RemoteAddrs: [
        underlay === 'ipv6' ? `[${first.address}]:${PORT}` : `${first.address}:${PORT}`,
      ],
      JoinToken: token,
    });
    return true;
  } catch (error) {
    // 503 and 500 come while the managers elect; then the next look tries again.
    if (error instanceof EngineError && error.status === 400) throw new GiveUp(error.message);
    throw error;
  }
}

async function allReady(manager: LabHost, hosts: LabHost[]): Promise<true | undefined> {
  const nodes = await manager.api<Node[]>('GET', '/nodes');
  const ready = nodes.filter(
    (node) =>
      node.Status.State === 'ready' &&
      (node.ManagerStatus?.Reachability ?? 'reachable') === 'reachable',
  );
  if (ready.length < hosts.length) {
    throw new Error(`${ready.length} of ${hosts.length} nodes are ready`);
  }
  return true;
}
