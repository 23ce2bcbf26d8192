import type { HostFacts } from './facts.ts';

/**
 * How many of a Swarm's hosts are to be managers: one of one or two, for two would both have to live;
 * three of three to six; five of more. That many lose none, one and two managers without losing quorum
 * (https://docs.docker.com/engine/swarm/raft/).
 */
export function managerCount(hosts: number): number {
  if (hosts < 3) return 1;
  return hosts < 7 ? 3 : 5;
}

/**
 * Which hosts are to be managers: those that are, and the first others of the line until there are
 * enough. None is ever made a worker again.
 *
 * @returns the hosts' names
 */
export function wantedManagers(facts: readonly HostFacts[]): ReadonlySet<string> {
  const now = facts.filter((it) => it.swarm.manager);
  const nodes = now[0]?.swarm.nodes ?? [];
  // Nodes that are not on the line are part of the Swarm all the same.
  const named = new Set(facts.map((it) => it.swarm.nodeId));
  const others = nodes.filter((it) => !named.has(it.id));
  const count = managerCount(facts.length + others.length);
  const there = now.length + others.filter((it) => it.role === 'manager').length;
  const more = facts.filter((it) => !it.swarm.manager).slice(0, Math.max(0, count - there));
  return new Set([...now, ...more].map((it) => it.host));
}
