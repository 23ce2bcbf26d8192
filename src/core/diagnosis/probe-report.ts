import type { ProbeReport } from '../../contract/commands.ts';
import { isSeated, type Participant, pairOf } from './probe-pairs.ts';
import { findingsOf } from './probe-verdict.ts';

/** Puts together what all hosts sent and heard. */
export function probeReport(options: {
  readonly network: string;
  readonly participants: readonly Participant[];
  /** TCP port of the sessions and UDP port of the tunnels, or of WireGuard. */
  readonly ports: { readonly tcp: number; readonly udp: number };
  /** Whether the network is encrypted. */
  readonly encrypted?: boolean;
}): ProbeReport {
  const { network, participants, ports, encrypted = false } = options;
  const seated = participants.filter(isSeated);
  const pairs = seated.flatMap((from) =>
    seated.filter((to) => to !== from).map((to) => pairOf(from, to)),
  );
  const failures = participants.flatMap(({ failure }) => failure ?? []);
  const findings = [...failures, ...findingsOf({ seated, pairs, ports, encrypted })];
  return {
    version: 1,
    network,
    ...(encrypted ? { encrypted } : {}),
    hosts: participants.map((it) => ({
      address: it.seat?.host ?? it.address,
      took: isSeated(it) ? 'part' : 'no part',
    })),
    pairs,
    findings,
    ok: participants.every(isSeated) && !findings.some((it) => it.severity === 'error'),
  };
}
