import * as z from 'zod';
import { linesOf } from '../../plugin/docker.ts';
import { parseState } from '../../plugin/state.ts';
import type {
  HostFacts,
  NetworkFacts,
  NodeFacts,
  PluginFacts,
  Problem,
  SwarmState,
} from '../core/facts.ts';
import { distributionOf, dockerProblem } from './docker-problem.ts';
import type { Host } from './host.ts';
import { LOOK, type Section, sectionsOf } from './look-script.ts';
import { unreached } from './unreached.ts';

/** Milliseconds for all questions together; an Engine that takes longer hangs. */
const LOOK_MS = 45_000;

export type Look = { readonly facts: HostFacts } | { readonly problem: Problem };

/** Looks at a host. Never throws for what is wrong there. */
export async function lookAt(host: Host): Promise<Look> {
  const before = Date.now();
  const outcome = await host.run(LOOK, { timeoutMs: LOOK_MS });
  const middle = (before + Date.now()) / 2000;
  const sections = sectionsOf(outcome.stdout);
  if (sections === undefined) return { problem: unreached(host.target, outcome) };
  return readLook(host.name, sections, { now: middle, address: host.target.address });
}

const Version = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
  Arch: z.string(),
  Os: z.string(),
});

const Info = z.object({
  ID: z.string(),
  DockerRootDir: z.string(),
  SecurityOptions: z.array(z.string()).nullish(),
  Swarm: z
    .object({
      LocalNodeState: z.string(),
      Error: z.string().nullish(),
      NodeID: z.string().nullish(),
      NodeAddr: z.string().nullish(),
      ControlAvailable: z.boolean().nullish(),
      RemoteManagers: z.array(z.object({ Addr: z.string() })).nullish(),
    })
    .optional(),
});

const Network = z.object({
  Name: z.string(),
  Driver: z.string(),
  Options: z.record(z.string(), z.string()).nullish(),
});

const Node = z.object({
  ID: z.string(),
  Spec: z.object({ Role: z.enum(['manager', 'worker']) }),
  Description: z.object({ Hostname: z.string() }).optional(),
  Status: z.object({ State: z.string() }),
});

/** What the script of a look said. @param now seconds, by this machine's clock */
export function readLook(
  host: string,
  sections: ReadonlyMap<string, Section>,
  { now, address }: { now: number; address: string | undefined },
): Look {
  const text = (name: string): string => sections.get(name)?.text ?? '';
  const problem = dockerProblem(host, sections);
  if (problem !== undefined) return { problem };
  const version = Version.parse(jsonIn(text('version')));
  const info = Info.parse(jsonIn(text('info')));
  const facts: HostFacts = {
    host,
    address: address ?? text('from').split(' ')[2] ?? '',
    hostname: text('hostname'),
    boot: text('boot'),
    clockOffset: Math.round(Number(text('date')) + 0.5 - now),
    distribution: distributionOf(text('distribution')),
    ipv6: text('ipv6') === '0',
    free: freeOf(text('free')),
    docker: {
      id: info.ID,
      version: version.Version,
      apiLeast: version.MinAPIVersion ?? version.ApiVersion,
      apiMost: version.ApiVersion,
      os: version.Os,
      architecture: version.Arch,
      rootless: (info.SecurityOptions ?? []).some((it) => it.startsWith('name=rootless')),
      dataRoot: info.DockerRootDir,
    },
    plugin: pluginOf(sections),
    swarm: swarmOf(info, text('nodes')),
    networks: linesOf(text('networks')).map(networkOf),
    staged: linesOf(text('staged'))[0],
  };
  return { facts };
}

/** The line that is JSON: a docker command may warn of its own config before it. */
const lineIn = (text: string): string => linesOf(text).find((it) => it.startsWith('{')) ?? text;
const jsonIn = (text: string): unknown => JSON.parse(lineIn(text));

/** The least of `df -Pk`, bytes. */
function freeOf(df: string): number {
  const free = linesOf(df).map((line) => Number(line.trim().split(/\s+/)[3]) * 1024);
  return Math.min(...free.filter((it) => !Number.isNaN(it)));
}

function pluginOf(sections: ReadonlyMap<string, Section>): PluginFacts | undefined {
  const said = sections.get('plugin');
  if (said === undefined || said.status !== 0) return undefined;
  const { id, enabled, version, build, settings, changed } = parseState(lineIn(said.text));
  return {
    ...{ id, enabled, version, build },
    settings: Object.fromEntries(settings),
    changed: Object.fromEntries(changed),
    rootfs: sections.get('rootfs')?.text || undefined,
  };
}

function swarmOf({ Swarm }: z.infer<typeof Info>, nodes: string): SwarmState {
  return {
    state: Swarm?.LocalNodeState ?? 'inactive',
    error: Swarm?.Error ?? '',
    nodeId: Swarm?.NodeID ?? '',
    nodeAddress: Swarm?.NodeAddr ?? '',
    manager: Swarm?.ControlAvailable ?? false,
    managers: (Swarm?.RemoteManagers ?? []).map((it) => it.Addr),
    nodes: linesOf(nodes).map(nodeOf),
  };
}

function nodeOf(line: string): NodeFacts {
  const { ID, Spec, Description, Status } = Node.parse(JSON.parse(line));
  return {
    id: ID,
    hostname: Description?.Hostname ?? ID,
    role: Spec.Role,
    ready: Status.State === 'ready',
  };
}

function networkOf(line: string): NetworkFacts {
  const { Name, Driver, Options } = Network.parse(JSON.parse(line));
  return { name: Name, driver: Driver, options: Options ?? {} };
}
