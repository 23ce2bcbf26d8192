import type { Checkup, HostLive } from '../contract/answers.ts';
import type { HostReport } from '../contract/report.ts';

/**
 * What a host is asked for that is asked together with all others. Of n hosts each has a session with all
 * others, and Docker's list of them for each network: n² in all, of which only what is not well counts.
 */
export function briefReport(report: HostReport): HostReport {
  const peers = report.peers.filter((it) => it.state !== 'up');
  return { ...report, peers, networks: report.networks.map((it) => ({ ...it, hosts: [] })) };
}

/** The same of what has a report in it. */
export function brief<T extends HostLive | Checkup>(answer: T): T {
  return { ...answer, report: briefReport(answer.report) };
}
