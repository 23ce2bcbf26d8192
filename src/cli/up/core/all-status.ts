import type { Finding } from '../../../contract/finding.ts';
import type { HostReport } from '../../../contract/report.ts';
import { health } from '../../../core/diagnosis/health.ts';

/** A host of the Swarm on one line, and what is wrong with it. */
export interface HostLine {
  readonly host: string;
  readonly node: string;
  /** manager, worker, or none outside a Swarm. */
  readonly role: string;
  readonly version: string;
  /** Where it takes tunnel packets. */
  readonly address: string;
  /** Hosts with a session, and those that Docker names. */
  readonly peers: { readonly up: number; readonly listed: number };
  readonly networks: number;
  readonly containers: number;
  /** Its own addresses on networks (castnet expose), in words. */
  readonly exposed: readonly string[];
  /** Groups with members there. */
  readonly groups: number;
  /** Milliseconds since its agent started. */
  readonly running: number;
  readonly findings: readonly Finding[];
}

/** A host that did not tell. */
export interface SilentHost {
  readonly host: string;
  readonly error: string;
}

/** What a host's report comes to on one line. */
export function lineOf(host: string, report: HostReport): HostLine {
  const { agent, node, swarm, tunnel, peers, networks, now, startedAt } = report;
  const sum = (of: (it: HostReport['networks'][number]) => number): number =>
    networks.reduce((all, it) => all + of(it), 0);
  return {
    host,
    node: node ?? '-',
    role: swarm?.role ?? 'none',
    version: agent,
    address: tunnel?.address ?? '-',
    peers: {
      up: peers.filter((it) => it.state === 'up').length,
      listed: peers.filter((it) => it.listed).length,
    },
    networks: networks.length,
    containers: sum((it) => it.endpoints.filter((e) => e.exposed === undefined).length),
    exposed: networks.flatMap(({ name, id, endpoints }) =>
      endpoints.flatMap((it) => (it.exposed ? [`${it.address} on ${name ?? id}`] : [])),
    ),
    groups: sum((it) => it.groups.length),
    running: now - startedAt,
    findings: health(report),
  };
}
