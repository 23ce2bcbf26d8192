import type { DockerFacts, HostFacts, PluginFacts, SwarmState } from '../core/facts.ts';
import type { Release, Wanted } from '../core/wanted.ts';
import { parseTarget } from '../target.ts';

export const RELEASE: Release = { version: '0.1.0', builds: { amd64: 'own' } };

const DOCKER: DockerFacts = {
  id: 'engine',
  version: '20.10.24',
  apiLeast: '1.12',
  apiMost: '1.41',
  os: 'linux',
  architecture: 'amd64',
  rootless: false,
  dataRoot: '/var/lib/docker',
};

const NO_SWARM: SwarmState = {
  state: 'inactive',
  error: '',
  nodeId: '',
  nodeAddress: '',
  manager: false,
  managers: [],
  nodes: [],
};

/** A host with nothing but Docker, called h1, h2, …, but for what is given. */
export function bareHost(number: number, rest: Partial<HostFacts> = {}): HostFacts {
  return {
    host: `h${number}`,
    address: `10.0.0.${number}`,
    hostname: `host${number}`,
    boot: `boot${number}`,
    clockOffset: 0,
    distribution: 'debian',
    ipv6: true,
    free: 10e9,
    docker: DOCKER,
    plugin: undefined,
    swarm: NO_SWARM,
    networks: [],
    staged: undefined,
    ...rest,
  };
}

export const pluginFacts = (rest: Partial<PluginFacts> = {}): PluginFacts => ({
  ...{ id: 'f00', enabled: true, version: '0.1.0', build: 'own' },
  ...{ settings: { LOG_LEVEL: 'info' }, changed: {}, rootfs: '/plugin/rootfs' },
  ...rest,
});

/** A node of one Swarm, of which the hosts with these numbers are members. */
export function nodeHost(
  number: number,
  { role, of }: { role: 'manager' | 'worker'; of: readonly number[] },
  rest: Partial<HostFacts> = {},
): HostFacts {
  const isManager = role === 'manager';
  const nodes = of.map((it) => ({
    ...{ id: `node${it}`, hostname: `host${it}`, ready: true },
    role: it === 1 ? ('manager' as const) : ('worker' as const),
  }));
  const swarm: SwarmState = {
    ...NO_SWARM,
    ...{ state: 'active', nodeId: `node${number}`, nodeAddress: `10.0.0.${number}` },
    ...{ manager: isManager, managers: ['10.0.0.1:2377'], nodes: isManager ? nodes : [] },
  };
  return bareHost(number, { swarm, plugin: pluginFacts(), ...rest });
}

export const wanted = (rest: Partial<Wanted> = {}): Wanted => ({
  hosts: [parseTarget('h1')],
  network: undefined,
  settings: {},
  upgrade: false,
  ...rest,
});

/** As docker says it of an Engine of another version. */
export const docker = (rest: Partial<DockerFacts>): { docker: DockerFacts } => ({
  docker: { ...DOCKER, ...rest },
});
