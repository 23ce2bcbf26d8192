import type { ProbePair } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import type { ProbeHeard, ProbeSeat, ProbeSent } from '../../contract/probe.ts';
import { PROBE_KINDS } from '../../net/probe.ts';

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

/** A participant that has done its part. */
export type Seated = Participant & Required<Pick<Participant, 'seat' | 'sent' | 'heard'>>;

export const isSeated = (it: Participant): it is Seated =>
  it.seat !== undefined && it.sent !== undefined && it.heard !== undefined;

/** What one participant sent to another, and what arrived. */
export function pairOf(from: Seated, to: Seated): ProbePair {
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
