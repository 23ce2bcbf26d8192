import type { HostFacts, Problem } from './facts.ts';
import { leadOf } from './swarm-problems.ts';

/** What uses castnet's networks on a host, and in its Swarm. */
export interface Uses {
  readonly host: string;
  /** Containers of this host alone, those of a service not among them. */
  readonly containers: readonly {
    readonly name: string;
    readonly state: string;
    /** The network whose address it holds for its host, by castnet expose: it is nobody's own. */
    readonly holds?: string;
  }[];
  /** Names, as a manager knows them. */
  readonly services: readonly string[];
  readonly networks: readonly string[];
}

export type DownStep =
  | { readonly do: 'services'; readonly host: string; readonly names: readonly string[] }
  | { readonly do: 'containers'; readonly host: string; readonly names: readonly string[] }
  | { readonly do: 'networks'; readonly host: string; readonly names: readonly string[] }
  | { readonly do: 'plugin'; readonly host: string }
  | { readonly do: 'leave'; readonly host: string };

export interface DownStage {
  readonly inTurn: boolean;
  readonly steps: readonly DownStep[];
}

/** Why castnet cannot be taken from these hosts as they are. */
export function downProblems(facts: readonly HostFacts[], uses: readonly Uses[]): Problem[] {
  const lead = leadOf(facts);
  const member = facts.find((it) => it.swarm.state === 'active');
  if (member === undefined) return [];
  if (lead === undefined) {
    const used = uses.some((it) => it.networks.length > 0);
    if (!used) return [];
    return [
      {
        code: 'swarm-no-manager',
        host: member.host,
        what: `${member.host} is a worker with castnet networks, and no manager of its Swarm is on the line, who could remove them`,
        remedy: `Name the managers too: ${member.swarm.managers.join(', ')}.`,
      },
    ];
  }
  const named = new Set(facts.map((it) => it.swarm.nodeId));
  const others = lead.swarm.nodes.filter((it) => it.ready && !named.has(it.id));
  if (others.length === 0) return [];
  const list = others.map((it) => it.hostname).join(', ');
  return [
    {
      code: 'nodes-missing',
      host: lead.host,
      what: `${others.length} nodes of the Swarm are not on the line: ${list}. Its networks are theirs too`,
      remedy:
        'Name all of its hosts; one alone: castnet plugin uninstall --host ssh://HOST, after docker swarm leave there.',
    },
  ];
}

/** The steps that take castnet away: who uses it first, managers last. */
export function planDown(
  facts: readonly HostFacts[],
  uses: readonly Uses[],
  { leaveSwarm }: { leaveSwarm: boolean },
): DownStage[] {
  const lead = leadOf(facts) ?? facts[0];
  const of = (host: string | undefined) => uses.find((it) => it.host === host);
  const services = of(lead?.host)?.services ?? [];
  const networks = of(lead?.host)?.networks ?? [];
  const steps = (it: readonly DownStep[], inTurn = false): DownStage => ({ steps: it, inTurn });
  const some = (what: 'services' | 'networks', names: readonly string[]): DownStep[] =>
    names.length === 0 || lead === undefined ? [] : [{ do: what, host: lead.host, names }];
  const containers = uses
    .filter((it) => it.containers.length > 0)
    .map(
      ({ host, containers: all }): DownStep => ({
        do: 'containers',
        host,
        names: all.map((it) => it.name),
      }),
    );
  const plugins = facts
    .filter((it) => it.plugin !== undefined)
    .map(({ host }): DownStep => ({ do: 'plugin', host }));
  const leaving = leaveSwarm ? facts.filter((it) => it.swarm.state !== 'inactive') : [];
  const leave = (it: HostFacts): DownStep => ({ do: 'leave', host: it.host });
  return [
    steps(some('services', services)),
    steps(containers),
    steps(some('networks', networks)),
    steps(plugins),
    steps(leaving.filter((it) => !it.swarm.manager).map(leave)),
    // Whoever leads the Swarm for us leaves last: the others leave one that still has a manager.
    steps(leaving.filter((it) => it.swarm.manager && it !== lead).map(leave), true),
    steps(leaving.filter((it) => it.swarm.manager && it === lead).map(leave)),
  ].filter((it) => it.steps.length > 0);
}

/** A step in a person's words. */
export function downText(step: DownStep): string {
  switch (step.do) {
    case 'services':
      return `remove the services ${step.names.join(', ')}`;
    case 'containers':
      return `${step.host}: remove the containers ${step.names.join(', ')}`;
    case 'networks':
      return `remove the networks ${step.names.join(', ')}`;
    case 'plugin':
      return `${step.host}: uninstall castnet`;
    case 'leave':
      return `${step.host}: leave the Swarm`;
  }
}

/** What of a user's own is running and would end: services, and containers beside them. */
export function ending(uses: readonly Uses[]): string[] {
  const services = [...new Set(uses.flatMap((it) => it.services))].map((it) => `service ${it}`);
  const containers = uses.flatMap(({ host, containers: all }) =>
    all
      .filter((it) => it.holds === undefined)
      .map(({ name, state }) => `container ${name} on ${host} (${state})`),
  );
  return [...services.sort(), ...containers];
}
