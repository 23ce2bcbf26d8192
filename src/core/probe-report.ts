import type { Finding } from './finding.ts';
import {
  PROBE_KINDS,
  type ProbeHeard,
  type ProbeKind,
  type ProbeSeat,
  type ProbeSent,
} from './probe.ts';
import { findingsOf } from './probe-verdict.ts';

/** What came of a host that was asked to take part. */
export interface Participant {
  /** The address under which the asking host knows it. */
  readonly address: string;
  /** Absent where it could not take part; then `failure` says why. */
  readonly seat?: ProbeSeat;
  readonly sent?: ProbeSent;
  readonly heard?: ProbeHeard;
  readonly failure?: Finding;
}

/** One direction between two hosts. */
export interface ProbePair {
  readonly from: string;
  readonly to: string;
  /** Whether every kind of packet arrives. */
  readonly reached: boolean;
  readonly kinds: Readonly<Record<ProbeKind, { readonly sent: number; readonly heard: number }>>;
  /** Part of all datagrams that did not arrive, 0 to 1. */
  readonly loss: number;
  /** Round trips, milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** The largest packet that arrived whole, bytes. */
  readonly pathMtu?: number;
}

/** The answer of a probe. Version 1: fields are only ever added. */
export interface ProbeReport {
  readonly version: 1;
  readonly network: string;
  /** Hosts that were asked to take part, by their tunnel address where it is known. */
  readonly hosts: readonly { readonly address: string; readonly took: 'part' | 'no part' }[];
  readonly pairs: readonly ProbePair[];
  readonly findings: readonly Finding[];
  /** Whether every host took part and every pair was reached. */
  readonly ok: boolean;
}

/** A participant that has done its part. */
export type Seated = Participant & Required<Pick<Participant, 'seat' | 'sent' | 'heard'>>;

const isSeated = (it: Participant): it is Seated =>
  it.seat !== undefined && it.sent !== undefined && it.heard !== undefined;

/** Puts together what all hosts sent and heard. */
export function probeReport(options: {
  readonly network: string;
  readonly participants: readonly Participant[];
  /** TCP port of the sessions and UDP port of the tunnels. */
  readonly ports: { readonly tcp: number; readonly udp: number };
}): ProbeReport {
  const { network, participants, ports } = options;
  const seated = participants.filter(isSeated);
  const pairs = seated.flatMap((from) =>
    seated.filter((to) => to !== from).map((to) => pairOf(from, to)),
  );
  const failures = participants.flatMap(({ failure }) => failure ?? []);
  const findings = [...failures, ...findingsOf({ seated, pairs, ports })];
  return {
    version: 1,
    network,
    hosts: participants.map((it) => ({
      address: it.seat?.host ?? it.address,
      took: isSeated(it) ? 'part' : 'no part',
    })),
    pairs,
    findings,
    ok: participants.every(isSeated) && !findings.some((it) => it.severity === 'error'),
  };
}

function pairOf(from: Seated, to: Seated): ProbePair {
  const heard = to.heard[from.seat.ip];
  const kinds = Object.fromEntries(
    PROBE_KINDS.map((kind) => [kind, { sent: from.sent.sent[kind], heard: heard?.[kind] ?? 0 }]),
  ) as ProbePair['kinds'];
  const all = Object.values(kinds);
  const sum = (of: 'sent' | 'heard') => all.reduce((total, it) => total + it[of], 0);
  const way = from.sent.ways[to.seat.ip] ?? {};
  return {
    from: from.seat.host,
    to: to.seat.host,
    reached:
      all.every((it) => it.sent === 0 || it.heard > 0) &&
      (way.pathMtu === undefined || way.pathMtu >= from.seat.mtu),
    kinds,
    loss: sum('sent') === 0 ? 0 : 1 - sum('heard') / sum('sent'),
    ...way,
  };
}
