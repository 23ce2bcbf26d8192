import type { Checkup, HostBalance, HostLive } from '../contract/answers.ts';
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

/** Counts without the names of their fields, and each virtual address once: a third of the bytes. */
export function briefBalance({ services, counts }: HostBalance): HostBalance {
  const found = new Map<string, [string, number, number, number][]>();
  for (const { vip, task, connections, packets, bytes } of counts) {
    const tasks = found.get(vip) ?? [];
    found.set(vip, tasks);
    tasks.push([task, connections, packets, bytes]);
  }
  return { services, counts: [], brief: [...found].map(([vip, tasks]) => ({ vip, tasks })) };
}
