import type { PeerReport } from '../../contract/report.ts';

/**
 * A probe of a network: every host that has it gets a short-lived endpoint on it, and these send
 * each other real packets on the very path that containers' packets take. Here are the values that
 * hosts exchange about it.
 */

/** What is sent: one datagram each; `large` ones leave in fragments. */
export const PROBE_KINDS = ['unicast', 'multicast', 'broadcast', 'large'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** A host is asked to open its endpoint. */
export interface ProbeInvitation {
  /** Names the probe; 32 bits that also mark its packets. */
  readonly run: number;
  /** Docker's network id. */
  readonly network: string;
  /** The endpoint's IPv4 address, of `PROBE_RANGE`. */
  readonly ip: string;
  /** Set where the network is made for this probe alone: its VNI. */
  readonly trial?: number;
  /** The group to join; absent where the network's settings allow none. */
  readonly group?: string;
}

/** A host's endpoint is open. */
export interface ProbeSeat {
  /** The host, by the address that takes its tunnel packets. */
  readonly host: string;
  readonly ip: string;
  readonly mac: string;
  readonly vni: number;
  /** MTU of the endpoint and of this host's containers on the network, bytes. */
  readonly mtu: number;
  /** The interface that carries the tunnel. */
  readonly underlay: { readonly interface: string; readonly mtu: number };
  /** Whether the network's bridge snoops, and asks its containers who is a member. */
  readonly snooping: boolean;
  readonly querier: boolean;
  /** This host's sessions, as it sees them. */
  readonly peers: readonly Pick<
    PeerReport,
    'address' | 'state' | 'fault' | 'lastError' | 'listed'
  >[];
}

/** A host is asked to send. */
export interface ProbeOrder {
  readonly run: number;
  readonly others: readonly Pick<ProbeSeat, 'host' | 'ip' | 'mac' | 'mtu'>[];
}

/** What a host learnt by sending; by the other's address on the network. */
export interface ProbeSent {
  /** Datagrams of each kind that were sent to each of the others. */
  readonly sent: Readonly<Record<ProbeKind, number>>;
  /** Others to whom this host's kernel has no way, after waiting for one. */
  readonly noWay: readonly string[];
  readonly ways: Readonly<Record<string, ProbeWay>>;
}

export interface ProbeWay {
  /** Round trips, milliseconds; absent when nothing came back. */
  readonly p50?: number;
  readonly p99?: number;
  /** The largest packet that arrived whole, bytes; absent when nothing came back. */
  readonly pathMtu?: number;
}

/** What a host heard, by the sender's address on the network. */
export type ProbeHeard = Readonly<Record<string, Readonly<Record<ProbeKind, number>>>>;

/**
 * The addresses of probes: set aside for measurements between networks (RFC 2544, appendix C.2.2),
 * so that none of the user's is used up.
 */
export const PROBE_RANGE = '198.18.0.0/15';
/** UDP port of the packets, within the network. */
export const PROBE_PORT = 4790;
/** The group of probes, of the organisation-local scope (RFC 2365), where settings allow it. */
export const PROBE_GROUP = '239.198.18.18';
/** Endpoints of one probe at most. */
export const PROBE_HOSTS_MAX = 1022;

/**
 * The address of one host's endpoint. Probes at one time differ in their upper bits, as a rule.
 * @param index from 0
 */
export function probeAddress(run: number, index: number): string {
  const low = ((run % 128) << 10) + index + 1;
  return `198.${18 + (low >>> 16)}.${(low >>> 8) & 255}.${low & 255}`;
}
