import { UserError } from '../../output.ts';
import { atPort } from '../core/wanted.ts';
import { dockerOn } from '../hosts/docker.ts';
import type { Member } from '../session.ts';
import { EngineRefusal, engine } from './engine.ts';
import { until } from './until.ts';

const PORT = 2377;
/** Milliseconds; managers that elect a leader meanwhile let nobody in. */
const JOIN_MS = 90_000;
const READY_MS = 60_000;

interface Info {
  readonly Swarm: {
    readonly LocalNodeState: string;
    readonly NodeID: string;
    readonly Error?: string;
  };
}

const swarmOf = async (member: Member): Promise<Info['Swarm']> =>
  (await engine<Info>(member, 'GET', '/info')).Swarm;

const listenAt = (address: string): string =>
  atPort(address.includes(':') ? '::' : '0.0.0.0', PORT);

/** @param vxlanPort where the Swarm's overlay is to have its packets too, as castnet has */
export async function initSwarm(member: Member, vxlanPort: number): Promise<void> {
  const { address } = member.facts;
  const isActive = async () => (await swarmOf(member)).LocalNodeState === 'active';
  // A run that was cut short may have come as far as this, or Docker be at it.
  if (await isActive()) return;
  await engine(member, 'POST', '/swarm/init', {
    ListenAddr: listenAt(address),
    AdvertiseAddr: address,
    DataPathPort: vxlanPort,
  }).catch(async (error: Error) => {
    if (!(await isActive())) throw error;
  });
}

export interface JoinInput {
  readonly member: Member;
  /** A manager of the Swarm. */
  readonly lead: Member;
  readonly role: 'manager' | 'worker';
  readonly signal?: AbortSignal | undefined;
}

/** @throws UserError when the Swarm does not take it */
export async function joinSwarm({ member, lead, role, signal }: JoinInput): Promise<void> {
  const { address, host } = member.facts;
  const { JoinTokens: tokens } = await engine<{ JoinTokens: { Manager: string; Worker: string } }>(
    lead,
    'GET',
    '/swarm',
  );
  const body = {
    ListenAddr: listenAt(address),
    AdvertiseAddr: address,
    RemoteAddrs: [atPort(leadAddress(lead), PORT)],
    JoinToken: role === 'manager' ? tokens.Manager : tokens.Worker,
  };
  await until(
    async () => {
      const { LocalNodeState: state, Error: error } = await swarmOf(member);
      if (state === 'active') return undefined;
      if (state === 'pending') return 'Docker is still joining';
      if (state === 'error') throw new UserError(`${host} cannot join: ${error}`);
      return engine(member, 'POST', '/swarm/join', body).then(() => undefined, retried);
    },
    {
      what: `${host} joins the Swarm`,
      timeoutMs: JOIN_MS,
      hint: `On ${host}: journalctl -u docker; docker swarm leave --force takes back a half join.`,
      signal,
    },
  );
}

/** Managers that elect answer so; what is wrong for good is a mistake of ours, and told. */
function retried(error: Error): string {
  if (error instanceof EngineRefusal && error.status !== 400) return error.message;
  throw error;
}

const leadAddress = ({ facts }: Member): string => facts.swarm.nodeAddress || facts.address;

/** Makes a worker a manager. */
export async function promote(member: Member, lead: Member): Promise<void> {
  const { NodeID } = await swarmOf(member);
  await dockerOn(lead.host)(['node', 'promote', NodeID]);
}

interface Node {
  readonly ID: string;
  readonly Status: { readonly State: string };
  readonly ManagerStatus?: { readonly Reachability: string };
}

/** Waits until the Swarm calls all of these ready, and its managers reachable. */
export async function awaitNodes(
  members: readonly Member[],
  lead: Member,
  signal?: AbortSignal,
): Promise<void> {
  const ids = await Promise.all(
    members.map(async (it) => ({ name: it.host.name, id: (await swarmOf(it)).NodeID })),
  );
  await until(
    async () => {
      const nodes = await engine<Node[]>(lead, 'GET', '/nodes').catch((error: Error) => error);
      if (nodes instanceof Error) return nodes.message;
      const missing = ids.find(({ id }) => !isReady(nodes.find((it) => it.ID === id)));
      return missing === undefined ? undefined : `${missing.name} is not ready`;
    },
    {
      what: 'all nodes of the Swarm ready',
      timeoutMs: READY_MS,
      hint: `On ${lead.host.name}: docker node ls`,
      signal,
    },
  );
}

const isReady = (node: Node | undefined): boolean =>
  node?.Status.State === 'ready' &&
  (node.ManagerStatus?.Reachability ?? 'reachable') === 'reachable';
