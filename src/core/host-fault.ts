import type { Finding } from './finding.ts';

/** What an agent needs from outside of itself, and may lack. */
export const FAULT_SUBJECTS = [
  'docker',
  'tasks',
  'kernel',
  'membership',
  'rules',
  'features',
  'metrics',
  'data-path-port',
] as const;
export type FaultSubject = (typeof FAULT_SUBJECTS)[number];

/** Something that an agent needs and has not had for longer than a few seconds. */
export interface HostFault {
  readonly subject: FaultSubject;
  /** What is missing, in the words of whoever refused it. */
  readonly what: string;
  /** Since when, milliseconds since 1970. */
  readonly since: number;
}

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

/** A host's fault as a person is told it. @param host its address */
export function faultFinding({ subject, what }: HostFault, host: string): Finding {
  const told = TOLD[subject];
  return { ...told, host, what: `host ${host}: ${told.what} (${what})` };
}
