import * as z from 'zod';
import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { type Docker, linesOf } from '../plugin/docker.ts';
import { type Networks, networksOf } from './networks.ts';

/** A node of the Swarm, as a manager knows it. */
export interface SwarmNode {
  readonly name: string;
  readonly address: string;
  readonly ready: boolean;
  readonly engine: string;
  /** Whether its Engine has castnet, enabled; it may be 20 seconds old. */
  readonly hasPlugin: boolean;
}

/** What Docker says of the Swarm that this host is in. */
export interface SwarmFacts {
  /** This host's own address. */
  readonly self: string;
  /** All nodes, on a manager; undefined on a worker. */
  readonly nodes: readonly SwarmNode[] | undefined;
  /** Addresses of the other hosts, as far as Docker tells them here. */
  readonly others: readonly string[];
  /** castnet's networks that this host's Engine knows: on a manager, all of the Swarm. */
  readonly networks: Networks;
}

const Info = z.object({
  Swarm: z.object({
    NodeAddr: z.string(),
    ControlAvailable: z.boolean(),
    RemoteManagers: z.array(z.object({ Addr: z.string() })).nullish(),
  }),
});

const Node = z.object({
  Description: z.object({
    Hostname: z.string(),
    Engine: z.object({
      EngineVersion: z.string(),
      Plugins: z.array(z.object({ Type: z.string(), Name: z.string() })).nullish(),
    }),
  }),
  Status: z.object({ State: z.string(), Addr: z.string() }),
  ManagerStatus: z.object({ Addr: z.string() }).nullish(),
});

const hostPart = (text: string): string => text.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

/** @throws DockerError when the Engine does not answer */
export async function swarmFacts(docker: Docker, plugin: string): Promise<SwarmFacts> {
  const { Swarm } = Info.parse(JSON.parse(await docker(['info', '--format', '{{json .}}'])));
  const self = Swarm.NodeAddr;
  const nodes = Swarm.ControlAvailable ? await nodesOf(docker, plugin) : undefined;
  const known =
    nodes?.filter((it) => it.ready).map((it) => it.address) ??
    (Swarm.RemoteManagers ?? []).map((it) => hostPart(it.Addr));
  const others = [...new Set(known)].filter((it) => it !== self && it !== '');
  return { self, nodes, others, networks: await networksOf(docker, plugin) };
}

async function nodesOf(docker: Docker, plugin: string): Promise<SwarmNode[]> {
  const ids = linesOf(await docker(['node', 'ls', '-q']));
  const text = await docker(['node', 'inspect', ...ids, '--format', '{{json .}}']);
  return linesOf(text)
    .map((line) => Node.parse(JSON.parse(line)))
    .map(({ Description: { Hostname, Engine }, Status, ManagerStatus }) => ({
      name: Hostname,
      // A leader may not know its own address otherwise.
      address: /^(0\.0\.0\.0|::)?$/.test(Status.Addr)
        ? hostPart(ManagerStatus?.Addr ?? '')
        : Status.Addr,
      ready: Status.State === 'ready',
      engine: Engine.EngineVersion,
      hasPlugin: (Engine.Plugins ?? []).some((it) => it.Type === 'Network' && it.Name === plugin),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Docker and the plugin on every node. */
export function nodesCheck({ nodes }: SwarmFacts, plugin: string): Check {
  if (nodes === undefined) {
    return {
      name: 'Nodes',
      detail:
        'this host is a worker: other hosts tell it only of networks that both have; run castnet doctor on a manager to look at all nodes',
      findings: [],
    };
  }
  const findings = nodes.flatMap((node): Finding[] => {
    const { name, address, ready, hasPlugin } = node;
    const about = { severity: 'error', host: address } as const;
    if (!ready) {
      return [
        {
          ...about,
          code: 'host-down',
          what: `node ${name} (${address}) is down, as its managers see it`,
          remedy: `on ${name}: systemctl status docker; ports TCP 2377, TCP and UDP 7946 must be open to it`,
        },
      ];
    }
    if (hasPlugin) return [];
    return [
      {
        ...about,
        code: 'plugin-missing',
        what: `node ${name} (${address}) has no plugin ${plugin} that is enabled: it gets no tasks on castnet networks`,
        remedy: `on ${name}: docker plugin enable ${plugin}; or castnet plugin install --host ssh://root@${address} (managers hear of it within 20 s)`,
      },
    ];
  });
  const versions = [...new Set(nodes.map((it) => it.engine))].join(', ');
  const detail = `${nodes.length} with Docker ${versions}, all with ${plugin}`;
  return { name: 'Nodes', detail, findings };
}
