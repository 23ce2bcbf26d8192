/** Stacks, tasks and containers on the hosts of a lab. */
import type { Lab, LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { IMAGE, RUN_MOUNTS, runDetached, STACK_VOLUMES } from './containers.ts';

/** A container on a network, with the address it has there. */
export type Container = {
  host: LabHost;
  id: string;
  name: string;
  ip: string;
  mac: string;
};

export type ServiceSpec = {
  /** Tasks in all; of a global service, one for each host. */
  replicas: number;
  global?: boolean;
  mode?: 'vip' | 'dnsrr';
};

const first = (lab: Lab): LabHost => lab.hosts[0] as LabHost;

/**
 * Deploys a stack with one attachable castnet network called "net" and services that sleep, and
 * waits until every task runs. @returns the network's full name
 */
export async function deployStack(
  lab: Lab,
  stack: string,
  services: Record<string, ServiceSpec>,
): Promise<string> {
  const file = {
    version: '3.8',
    networks: { net: { driver: 'castnet:latest', attachable: true } },
    services: Object.fromEntries(
      Object.entries(services).map(([name, { replicas, global = false, mode = 'vip' }]) => [
        name,
        {
          image: IMAGE,
          command: ['/usr/bin/sleep', 'infinity'],
          // A shell's child would answer; sleep as pid 1 does not, so no time is waited for it.
          stop_grace_period: '0s',
          networks: ['net'],
          volumes: STACK_VOLUMES,
          deploy: {
            ...(global ? { mode: 'global' } : { replicas }),
            endpoint_mode: mode,
            restart_policy: { delay: '0s' },
          },
        },
      ]),
    ),
  };
  // JSON is YAML too.
  await first(lab).docker(['stack', 'deploy', '--resolve-image', 'never', '-c', '-', stack], {
    input: JSON.stringify(file),
  });
  for (const [name, { replicas }] of Object.entries(services)) {
    await tasksRun(lab, `${stack}_${name}`, replicas);
  }
  return `${stack}_net`;
}

type Task = { Status: { State: string; Err?: string }; DesiredState: string };

/** Waits until exactly so many tasks of a service run, and no other is left. */
export async function tasksRun(
  lab: Lab,
  service: string,
  count: number,
  options: { withinMs?: number } = {},
): Promise<void> {
  await until(
    async () => {
      const filters = encodeURIComponent(JSON.stringify({ service: [service] }));
      const path = `/tasks?filters=${filters}`;
      const tasks = await first(lab).api<Task[]>('GET', path);
      const alive = tasks.filter(({ Status }) => !ENDED.has(Status.State));
      const running = alive.filter(({ Status }) => Status.State === 'running');
      if (running.length === count && alive.length === count) return true;
      const errors = [...new Set(tasks.flatMap(({ Status }) => Status.Err ?? []))];
      throw new Error(`${running.length} run, ${alive.length} live. ${errors.join('; ')}`);
    },
    {
      what: `${count} tasks of ${service}`,
      timeoutMs: options.withinMs ?? 60_000,
      everyMs: 100,
    },
  );
}

const ENDED = new Set(['complete', 'failed', 'shutdown', 'rejected', 'remove', 'orphaned']);

type Inspected = {
  Id: string;
  Options?: Record<string, string>;
  Containers?: Record<string, { Name: string; MacAddress: string; IPv4Address: string }> | null;
};

/** How Docker names an endpoint in the list of containers that has none yet, or none any more. */
const NO_CONTAINER = 'ep-';

/** The containers of a network on one host, by name; none if the host has not the network. */
export async function containersOn(host: LabHost, network: string): Promise<Container[]> {
  const { Containers } = await host.api<Inspected>('GET', `/networks/${network}`);
  return Object.entries(Containers ?? {})
    .filter(([id]) => !id.startsWith(NO_CONTAINER))
    .map(([id, it]) => ({
      host,
      id,
      name: it.Name,
      ip: it.IPv4Address.split('/')[0] as string,
      mac: it.MacAddress,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The containers of a network on all hosts. */
export async function containersOf(lab: Lab, network: string): Promise<Container[]> {
  return (await Promise.all(lab.hosts.map((host) => containersOn(host, network)))).flat();
}

/** Waits until the network has exactly so many containers on all hosts together. */
export function containerCount(lab: Lab, network: string, count: number): Promise<Container[]> {
  return until(
    async () => {
      const found = await containersOf(lab, network);
      if (found.length === count) return found;
      throw new Error(`it has ${found.length}`);
    },
    { what: `${count} containers on ${network}`, timeoutMs: 60_000 },
  );
}

/** The VXLAN network id of a network; Swarm replicates it some time after the network is made. */
export function vniOf(lab: Lab, network: string): Promise<number> {
  return until(
    async () => {
      const { Options } = await first(lab).api<Inspected>('GET', `/networks/${network}`);
      return Options?.vni === undefined ? undefined : Number(Options.vni);
    },
    { what: `the VNI of ${network}`, timeoutMs: 10_000 },
  );
}

/** Makes an attachable castnet network on the first manager. */
export async function createNetwork(
  lab: Lab,
  name: string,
  args: readonly string[] = [],
): Promise<void> {
  const options = ['-d', 'castnet:latest', '--attachable', ...args];
  await first(lab).docker(['network', 'create', ...options, name]);
}

export type RunSpec = { network: string; name: string; args?: string[] };

/** Runs a sleeping container on a host, attached to a network. */
export async function runContainer(host: LabHost, spec: RunSpec): Promise<Container> {
  const { network, name, args = [] } = spec;
  const what = [...RUN_MOUNTS, '--network', network, ...args, IMAGE, '/usr/bin/sleep', 'infinity'];
  const id = await runDetached(host, name, what);
  const found = (await containersOn(host, network)).find((it) => it.id === id);
  if (found === undefined) throw new Error(`${name} is not on ${network}`);
  return found;
}

/** Ends and removes containers at once. */
export async function removeContainers(containers: readonly Container[]): Promise<void> {
  await Promise.all(containers.map(({ host, id }) => host.docker(['rm', '-f', id])));
}

/** Removes a network, waiting for Docker to let go of its last container. */
export async function removeNetwork(lab: Lab, name: string): Promise<void> {
  await until(async () => (await first(lab).docker(['network', 'rm', name])) !== '' || undefined, {
    what: `removing ${name}`,
    // Swarm keeps the task of an attached container for a while after its end.
    timeoutMs: 60_000,
    everyMs: 200,
  });
}

/** Removes a stack and waits until its network is gone everywhere. */
export async function removeStack(lab: Lab, stack: string): Promise<void> {
  await first(lab).docker(['stack', 'rm', stack]);
  for (const host of lab.hosts) await networkGone(host, `${stack}_net`);
}

/** Waits until a host has no network of this name. */
export async function networkGone(host: LabHost, name: string): Promise<void> {
  await until(
    async () => {
      const list = await host.api<{ Name: string }[]>('GET', '/networks');
      return list.every((it) => it.Name !== name) || undefined;
    },
    { what: `${host.name}: the end of network ${name}`, timeoutMs: 60_000, everyMs: 100 },
  );
}
