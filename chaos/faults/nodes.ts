/** What Docker knows of the nodes, asked at a manager that the fault does not touch. */
import type { LabHost } from '../../lab/lab.ts';
import { until } from '../../lab/run.ts';
import type { Site } from './fault.ts';

/** In which Docker must notice a dead node, or take one back; milliseconds. */
const DOCKER_MS = 120_000;

export type Node = {
  ID: string;
  Description: { Hostname: string };
  Status: { State: string; Addr: string };
  ManagerStatus?: { Leader?: boolean; Reachability: string; Addr: string };
};

/** A manager other than this host. */
export function anotherManager({ lab }: Site, host: LabHost): LabHost {
  return lab.hosts.find((it) => it !== host) as LabHost;
}

/** The node of a host, as another manager lists it; nodes that have left are no longer it. */
export async function nodeOf(site: Site, host: LabHost): Promise<Node> {
  const nodes = await anotherManager(site, host).api<Node[]>('GET', '/nodes');
  // A manager's own entry may show another address in Status.
  const own = nodes.filter(({ Description }) => Description.Hostname.endsWith(`-${host.name}`));
  const found = own.find(({ Status }) => Status.State !== 'down') ?? own[0];
  if (found === undefined) throw new Error(`no node of ${host.name} is listed`);
  return found;
}

/** Waits until Docker says this of the host's node: "ready" or "down". */
export async function nodeIs(site: Site, host: LabHost, state: string): Promise<void> {
  await until(
    async () => {
      const { Status, ManagerStatus } = await nodeOf(site, host);
      const reachability = ManagerStatus?.Reachability ?? 'reachable';
      if (Status.State === state && (state === 'down' || reachability === 'reachable')) return true;
      throw new Error(`it is ${Status.State}, ${reachability}`);
    },
    {
      what: `Docker saying that ${host.name} is ${state}`,
      timeoutMs: DOCKER_MS,
      everyMs: 200,
      signal: site.signal,
    },
  );
}

/** The manager that leads now. */
export async function leader({ lab }: Site): Promise<LabHost> {
  const nodes = await (lab.hosts[0] as LabHost).api<Node[]>('GET', '/nodes');
  const name = nodes.find(({ ManagerStatus }) => ManagerStatus?.Leader)?.Description.Hostname;
  const found = lab.hosts.find((host) => name?.endsWith(`-${host.name}`));
  if (found === undefined) throw new Error('no manager leads');
  return found;
}
