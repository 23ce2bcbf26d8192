/** Makes one Swarm of a lab's hosts. */
import { EngineError } from './engine.ts';
import type { LabHost } from './host.ts';
import { dataAddress, type Underlay } from './plan.ts';
import { GiveUp, settle, until } from './run.ts';

const PORT = 2377;
const JOIN_MS = 60_000;
const READY_MS = 60_000;
const LEAVE_MS = 90_000;

type Node = {
  Status: { State: string };
  ManagerStatus?: { Reachability: string };
};

/**
 * What `docker swarm init` and `join` are told of a host's own address: nothing, as in the very line
 * that `init` prints; `--advertise-addr` with the address; or with the interface that has it.
 */
export type JoinWay = 'plain' | 'address' | 'interface';

export type SwarmOptions = {
  underlay: Underlay;
  /** Default 'plain'; 'address' where a host has two of them, since Docker refuses to choose. */
  join?: JoinWay | undefined;
  /** `--data-path-port` of the Swarm; default Docker's, 4789. */
  dataPathPort?: number | undefined;
  signal?: AbortSignal | undefined;
};

/** What an Engine is told of its own addresses; as the docker command fills it in. */
function addressesOf(host: LabHost, { underlay, join }: SwarmOptions) {
  const data = dataAddress(underlay, Number(host.name.slice(1)));
  const way = join ?? (data === undefined ? 'plain' : 'address');
  const advertised = { plain: '', address: host.address, interface: host.underlayInterface };
  return {
    ListenAddr: underlay === 'ipv6' ? `[::]:${PORT}` : `0.0.0.0:${PORT}`,
    AdvertiseAddr: advertised[way],
    DataPathAddr: data ?? '',
  };
}

/** The first host starts the Swarm, all others join it at once in their roles. */
export async function formSwarm(hosts: LabHost[], options: SwarmOptions): Promise<void> {
  const { dataPathPort: DataPathPort, signal } = options;
  const [first, ...others] = hosts;
  if (first === undefined) return;
  await first.api('POST', '/swarm/init', { ...addressesOf(first, options), DataPathPort });
  await settle(others.map((host) => joinSwarm(host, { ...options, first })));
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
  options: SwarmOptions & { first: LabHost },
): Promise<void> {
  const { first, signal } = options;
  const { JoinTokens: tokens } = await first.api<{
    JoinTokens: { Manager: string; Worker: string };
  }>('GET', '/swarm');
  const token = host.role === 'manager' ? tokens.Manager : tokens.Worker;
  await until(() => join(host, token, options), {
    what: `${host.name}: joining the Swarm`,
    timeoutMs: JOIN_MS,
    everyMs: 200,
    signal,
  });
}

async function join(
  host: LabHost,
  token: string,
  options: SwarmOptions & { first: LabHost },
): Promise<true> {
  const { address } = options.first;
  const { Swarm: swarm } = await host.api<{ Swarm: { LocalNodeState: string; Error?: string } }>(
    'GET',
    '/info',
  );
  if (swarm.LocalNodeState === 'active') return true;
  try {
    await host.api('POST', '/swarm/join', {
      ...addressesOf(host, options),
      RemoteAddrs: [address.includes(':') ? `[${address}]:${PORT}` : `${address}:${PORT}`],
      JoinToken: token,
    });
    return true;
  } catch (error) {
    // 503 and 500 come while the managers elect; then the next look tries again.
    if (error instanceof EngineError && error.status === 400) throw new GiveUp(error.message);
    throw error;
  }
}

/**
 * Makes a host leave its Swarm. Docker gives its node 15 seconds to stop, and fails with "context
 * deadline exceeded" after them, on a busy machine also when nothing is wrong; asked again it goes on
 * (moby, daemon/cluster/noderunner.go, Stop).
 */
export async function leaveSwarm(host: LabHost): Promise<void> {
  await until(
    async () => {
      const { Swarm } = await host.api<{ Swarm: { LocalNodeState: string } }>('GET', '/info');
      if (Swarm.LocalNodeState === 'inactive') return true;
      await host.api('POST', '/swarm/leave?force=1');
      return true;
    },
    { what: `${host.name}: leaving the Swarm`, timeoutMs: LEAVE_MS, everyMs: 200 },
  );
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
