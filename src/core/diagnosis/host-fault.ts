import type { Finding } from '../../contract/finding.ts';
import type { FaultSubject, HostFault } from '../../contract/report.ts';

interface Told {
  readonly code: Finding['code'];
  readonly severity: Finding['severity'];
  readonly what: string;
  readonly remedy: string;
}

const LOG = 'journalctl -u docker | grep plugin=';

/** What each means for the containers, and what to do. */
const TOLD: Readonly<Record<FaultSubject, Told>> = {
  docker: {
    code: 'docker',
    severity: 'error',
    what: 'Docker does not answer the agent, which learns from it of other hosts and of services',
    remedy: 'docker info; systemctl status docker',
  },
  tasks: {
    code: 'docker',
    severity: 'error',
    what: 'which tasks of this host take connections is not known',
    remedy: `docker info; ${LOG}`,
  },
  kernel: {
    code: 'kernel',
    severity: 'error',
    what: 'the kernel’s forwarding cannot be read',
    remedy: `ip -n castnet link; ${LOG}`,
  },
  membership: {
    code: 'kernel',
    severity: 'error',
    what: 'the kernel does not tell the agent who joins a group; that is seen only every 20 s',
    remedy: `ip netns exec castnet bridge monitor mdb; ${LOG}`,
  },
  features: {
    code: 'kernel',
    severity: 'error',
    what: 'the kernel lacks what castnet needs',
    remedy: 'modprobe the module that is named; docs/installing.md lists them',
  },
  rules: {
    code: 'kernel',
    severity: 'error',
    what: 'containers lack the rules by which they reach services',
    remedy: `castnet plugin install checks the kernel; ${LOG}`,
  },
  'fast-path': {
    code: 'kernel',
    severity: 'warning',
    what: 'CASTNET_FASTPATH is on, and packets go by bridge and tunnel',
    remedy: `docs/installing.md#the-fast-path says what it needs; ${LOG}`,
  },
  namespaces: {
    code: 'docker',
    severity: 'error',
    what: 'containers reach no service by its virtual IP, for their namespaces are out of the agent’s sight: the plugin sees the host’s /run alone',
    remedy: 'take --exec-root from dockerd’s options and daemon.json, or keep it below /run',
  },
  networks: {
    code: 'docker',
    severity: 'error',
    what: 'Docker does not tell which hosts share a network with this one',
    remedy: `docker network inspect each castnet network; ${LOG}`,
  },
  records: {
    code: 'session',
    severity: 'error',
    what: 'what another host says of its containers is not taken',
    remedy: 'castnet doctor, which compares the releases; bring all hosts to the same',
  },
  hosts: {
    code: 'session',
    severity: 'error',
    what: 'another host takes no part in a network, or does not tell this host of it, and nothing of it goes between the two',
    remedy:
      'castnet doctor, which compares the releases: bring all hosts to the same, and start that host’s containers anew; docker network inspect --verbose NETWORK on both hosts: one that is not among the other’s Peers is not reached by Docker’s gossip, TCP and UDP port 7946',
  },
  certificates: {
    code: 'certificate',
    severity: 'warning',
    what: 'the Swarm’s certificates on disk have changed and cannot be used; those of before still are',
    remedy: `docker swarm ca --rotate, on a manager; with autolock: docs/security.md; ${LOG}`,
  },
  forwarding: {
    code: 'kernel',
    severity: 'error',
    what: 'the kernel’s forwarding is not brought up to date',
    remedy: `castnet plan; ${LOG}`,
  },
  guards: {
    code: 'kernel',
    severity: 'error',
    what: 'the kernel refuses the rules of the networks’ options and of containers’ own MACs',
    remedy: `nsenter --net=/run/netns/castnet nft list ruleset; ${LOG}`,
  },
  routes: {
    code: 'multicast-route',
    severity: 'error',
    what: 'a container has no route for multicast, which leaves by another interface or not at all',
    remedy: 'castnet doctor, which names the container and the route',
  },
  exposed: {
    code: 'exposed',
    severity: 'warning',
    what: 'the host itself has not the address that castnet expose gave it',
    remedy: `castnet expose NETWORK --remove; castnet expose NETWORK; ${LOG}`,
  },
  'send-limits': {
    code: 'container-mtu',
    severity: 'warning',
    what: 'a container may send more than the tunnel carries whole',
    remedy: `start the container anew: docker restart, or docker service update --force; ${LOG}`,
  },
  addresses: {
    code: 'kernel',
    severity: 'warning',
    what: 'the kernel does not tell the agent of new addresses, which are seen only every 20 s',
    remedy: `ip monitor address; ${LOG}`,
  },
  strangers: {
    code: 'tunnel-dropped',
    severity: 'warning',
    what: 'VXLAN packets are dropped that do not come from a host of the Swarm by the hosts’ network',
    remedy:
      'nft list table inet castnet; docs/troubleshooting.md, “When packets of a host are dropped”',
  },
  encryption: {
    code: 'encryption',
    severity: 'error',
    what: 'an encrypted network does not reach another host, or none',
    remedy:
      'docs/troubleshooting.md, “When an encrypted network does not reach a host”; ip netns exec castnet-wg wg',
  },
  agent: {
    code: 'not-ready',
    severity: 'warning',
    what: 'a task of its agent failed unexpectedly, and is done again at its next turn',
    remedy: `${LOG}; please report it with the output of castnet doctor --json`,
  },
  'data-path-port': {
    code: 'docker',
    severity: 'warning',
    what: 'whether castnet’s tunnels use the Swarm’s --data-path-port is not known',
    remedy: 'docker info, which must name the Swarm',
  },
  metrics: {
    code: 'not-ready',
    severity: 'warning',
    what: 'Prometheus cannot read by TCP',
    remedy: 'castnet plugin upgrade --set CASTNET_METRICS=ADDRESS:PORT, with a port that is free',
  },
};

/** A subject of a later release. */
const OTHER: Told = {
  code: 'not-ready',
  severity: 'error',
  what: 'its agent lacks something that this release does not know',
  remedy: 'castnet status, on that host',
};

/** A host's fault as a person is told it. @param host its address */
export function faultFinding({ subject, what }: HostFault, host: string): Finding {
  const told = Object.hasOwn(TOLD, subject) ? TOLD[subject] : OTHER;
  return { ...told, host, what: `host ${host}: ${told.what} (${what})` };
}
