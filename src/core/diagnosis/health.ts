import type { Finding } from '../../contract/finding.ts';
import type { HostReport } from '../../contract/report.ts';
import { inCommand } from '../in-command.ts';
import { faultFinding } from './host-fault.ts';
import { renewal, sessionFinding } from './session-finding.ts';

/** What is wrong on a host, by its own report. */
export function health(report: HostReport): Finding[] {
  const findings: Finding[] = agentFindings(report);
  const host = report.tunnel?.address ?? 'this host';
  const add = (code: Finding['code'], what: string, remedy: string) =>
    findings.push({ code, severity: 'error', host, what, remedy });
  findings.push(...certificateFindings(report), ...portFindings(report));
  for (const peer of report.peers) {
    const finding = sessionFinding(peer, { from: host, port: report.peerPort });
    if (finding !== undefined) findings.push(finding);
  }
  for (const what of report.conflicts ?? []) {
    add(
      'conflict',
      what,
      'what Docker gave twice: see docs/limits.md; else one of these hosts is wrongly set up, or not to be trusted: docs/security.md',
    );
  }
  for (const { name, id, refused } of report.networks) {
    for (const { port, count, example, reason } of refused) {
      add(
        'groups-refused',
        `network ${name ?? id}: ${count} groups of ${port} are not told to other hosts, as ${example}: ${reason}`,
        `docker network inspect ${inCommand(name ?? id, 'NETWORK')} shows the network’s options`,
      );
    }
  }
  if (report.refusedSteps > 0) {
    add(
      'kernel-differs',
      `the kernel refuses ${report.refusedSteps} changes of its forwarding`,
      'castnet plan lists them, and the agent’s log has the kernel’s words: journalctl -u docker | grep plugin=',
    );
  }
  return findings;
}

/** What keeps a host's agent from its work: it is in no Swarm, or lacks what it needs. */
export function agentFindings(report: HostReport): Finding[] {
  const host = inCommand(report.tunnel?.address ?? report.node ?? '', 'this host');
  const faults = (report.faults ?? []).map((it) => faultFinding(it, host));
  if (report.problem === undefined) return faults;
  return [
    {
      code: 'no-swarm',
      severity: 'error',
      host,
      what: report.problem,
      remedy:
        report.swarm === undefined
          ? 'docker info shows whether this host is in a Swarm: docker swarm init, or join'
          : 'the agent’s log says more: journalctl -u docker | grep plugin=; docs/troubleshooting.md has remedies',
    },
    ...faults,
  ];
}

/** IANA's port of VXLAN, castnet's and Docker's unless another is set. */
const VXLAN_PORT = 4789;

/** Whether the Swarm was given another port for data, and castnet was not. */
export function portFindings({ tunnel, dataPathPort: docker }: HostReport): Finding[] {
  if (tunnel?.port !== VXLAN_PORT || docker === undefined || docker === VXLAN_PORT) return [];
  return [
    {
      code: 'port-differs',
      severity: 'warning',
      host: tunnel.address,
      what: `the Swarm was made with --data-path-port ${docker}, castnet’s tunnels use UDP port ${VXLAN_PORT}: a firewall that lets ${docker} pass may not let them`,
      remedy: `on every host: castnet plugin upgrade --set CASTNET_VXLAN_PORT=${docker}; or leave it, if UDP ${VXLAN_PORT} is open between the hosts`,
    },
  ];
}

/** Of a certificate's time so much may pass before it is told: Swarm renews it far earlier. */
const LATE = 0.9;

/** Whether the host's Swarm certificate expired, or is about to without having been renewed. */
export function certificateFindings({ swarm, now, tunnel }: HostReport): Finding[] {
  if (swarm === undefined) return [];
  const { certificateFrom: from, certificateUntil: until } = swarm;
  if (now < from + LATE * (until - from)) return [];
  const expired = now >= until;
  const host = tunnel?.address ?? 'this host';
  // biome-ignore lint/style/noRestrictedGlobals: it only writes a time that was passed in
  const time = new Date(until).toISOString().replace('T', ' ').slice(0, 16);
  return [
    {
      code: 'certificate-expired',
      severity: expired ? 'error' : 'warning',
      host,
      what: expired
        ? `the Swarm certificate of host ${host} expired on ${time} UTC: other hosts refuse its sessions`
        : `the Swarm certificate of host ${host} expires on ${time} UTC and was not renewed in time`,
      remedy: renewal(host),
    },
  ];
}
