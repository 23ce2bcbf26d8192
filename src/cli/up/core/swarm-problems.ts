import type { HostFacts, Problem } from './facts.ts';

/** All hosts in a Swarm must be in one, with a manager of it among them. */
export function swarmProblems(facts: readonly HostFacts[]): Problem[] {
  return [...states(facts), ...strangers(facts)];
}

function states(facts: readonly HostFacts[]): Problem[] {
  return facts.flatMap(({ host, swarm }): Problem[] => {
    if (swarm.state === 'locked') {
      return [
        {
          code: 'swarm-locked',
          host,
          what: `the Swarm is locked on ${host}`,
          remedy: `On ${host}: docker swarm unlock`,
        },
      ];
    }
    if (swarm.state !== 'error') return [];
    return [
      {
        code: 'swarm-error',
        host,
        what: `${host} cannot be a node of its Swarm: ${swarm.error || 'Docker does not say why'}`,
        remedy: `On ${host}: docker swarm leave --force, if that Swarm is gone; then run this again.`,
      },
    ];
  });
}

/** The Swarm that all are to be in: that of the first manager on the line. */
export const leadOf = (facts: readonly HostFacts[]): HostFacts | undefined =>
  facts.find((it) => it.swarm.state === 'active' && it.swarm.manager);

function strangers(facts: readonly HostFacts[]): Problem[] {
  const members = facts.filter((it) => it.swarm.state === 'active' || it.swarm.state === 'pending');
  if (members.length === 0) return [];
  const lead = leadOf(facts);
  if (lead === undefined) {
    const [first] = members as [HostFacts];
    return [
      {
        code: 'swarm-no-manager',
        host: first.host,
        what: `${first.host} is a worker of a Swarm, and no manager of it is on the line`,
        remedy: `Name one of its managers too: ${first.swarm.managers.join(', ') || 'docker node ls, on a manager, shows them'}.`,
      },
    ];
  }
  const nodes = new Set(lead.swarm.nodes.map((it) => it.id));
  return members
    .filter((it) => !nodes.has(it.swarm.nodeId))
    .map((it) => ({
      code: 'swarm-other',
      host: it.host,
      what: `${it.host} is in another Swarm than ${lead.host}`,
      remedy: `Leave it out, or let it leave its Swarm: docker swarm leave --force, on ${it.host}; its services end there.`,
    }));
}
