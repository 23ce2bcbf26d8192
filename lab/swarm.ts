/** Makes one Swarm of a lab's hosts. */
import { EngineError } from './engine.ts';
import type { LabHost } from './host.ts';
import { GiveUp, settle, until } from './run.ts';

const LISTEN = '0.0.0.0:2377';
const JOIN_MS = 60_000;
const READY_MS = 60_000;

type Node = {
  Status: { State: string };
  ManagerStatus?: { Reachability: string };
};

/** The first host starts the Swarm, all others join it at once in their roles. */
export async function formSwarm(hosts: LabHost[], signal?: AbortSignal): Promise<void> {
  const [first, ...others] = hosts;
  if (first === undefined) return;
  await first.api('POST', '/swarm/init', { ListenAddr: LISTEN, AdvertiseAddr: first.address });
  const { JoinTokens: tokens } = await first.api<{
    JoinTokens: { Manager: string; Worker: string };
  }>('GET', '/swarm');
  const token = { manager: tokens.Manager, worker: tokens.Worker };
  await settle(
    others.map((host) =>
      until(() => join(host, first.address, token[host.role]), {
        what: `${host.name}: joining the Swarm`,
        timeoutMs: JOIN_MS,
        everyMs: 200,
        signal,
      }),
    ),
  );
  await until(() => allReady(first, hosts), {
    what: 'a Swarm in which every node is ready',
    timeoutMs: READY_MS,
    everyMs: 100,
    signal,
  });
}

async function join(host: LabHost, remote: string, token: string): Promise<true> {
  const { Swarm: swarm } = await host.api<{ Swarm: { LocalNodeState: string; Error?: string } }>(
    'GET',
    '/info',
  );
  if (swarm.LocalNodeState === 'active') return true;
  try {
    await host.api('POST', '/swarm/join', {
      ListenAddr: LISTEN,
      AdvertiseAddr: host.address,
      RemoteAddrs: [`${remote}:2377`],
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
