/** What is sent by a probe: one datagram each; `large` ones leave in fragments. */
export const PROBE_KINDS = ['unicast', 'multicast', 'broadcast', 'large'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

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
