import type { HostFacts, Problem } from './facts.ts';
import { leadOf } from './swarm-problems.ts';
import { PLUGIN, type Wanted } from './wanted.ts';

/** What speaks against the wanted network. */
export function networkProblems(facts: readonly HostFacts[], { network }: Wanted): Problem[] {
  if (network === undefined) return [];
  return [
    ...taken(facts, network.name),
    ...(network.options.ipv6 === undefined ? [] : facts.flatMap(withoutIpv6)),
  ];
}

/** A Swarm's managers know all of its networks; a network of one host alone has no part in it. */
function taken(facts: readonly HostFacts[], name: string): Problem[] {
  const lead = leadOf(facts);
  const found = lead?.networks.find((it) => it.name === name);
  if (lead === undefined || found === undefined || found.driver === PLUGIN) return [];
  return [
    {
      code: 'network-taken',
      host: lead.host,
      what: `the network ${name} is there already, of the driver ${found.driver}`,
      remedy: `Choose another name, or remove it: docker network rm ${name}`,
    },
  ];
}

function withoutIpv6({ host, ipv6 }: HostFacts): Problem[] {
  if (ipv6) return [];
  return [
    {
      code: 'no-ipv6',
      host,
      what: `${host} has no IPv6 (net.ipv6.conf.all.disable_ipv6 is 1, or ipv6.disable=1 at boot), and the network is to have the option ipv6`,
      remedy: `On ${host}: sysctl -w net.ipv6.conf.all.disable_ipv6=0; or leave the option ipv6 out.`,
    },
  ];
}
