import * as z from 'zod';
import { inAny } from '../net/cidr.ts';
import { isGroup } from '../net/group.ts';
import { isMac } from '../net/mac.ts';
import { MTU_MAX, MTU_MIN } from '../net/mtu.ts';
import { PROBE_HOSTS_MAX, PROBE_RANGE } from '../net/probe.ts';
import { isVni } from '../net/vni.ts';
import { object, type Told, text } from './parts.ts';
import { peer } from './report.ts';

/**
 * A probe of a network: every host that has it gets a short-lived endpoint on it, and these send
 * each other real packets on the very path that containers' packets take. Here is what hosts ask each
 * other about it, and answer. Either side may run another release, or lie.
 */

const ip = z
  .ipv4()
  .refine((it) => inAny(it, [PROBE_RANGE]), `must be an address of ${PROBE_RANGE}`)
  .describe('The endpoint’s, on the network');
const host = z
  .union([z.ipv4(), z.ipv6()])
  .describe('A host, by the address that takes its tunnel packets');
const mac = z.string().refine(isMac, 'is no MAC address');
const mtu = z.number().int().min(0).max(MTU_MAX).describe('Bytes');
const count = z.number().int().min(0).max(1000);
const milliseconds = z.number().min(0);

const perHost = <T extends z.ZodType>(value: T) =>
  z
    .record(ip, value)
    .refine((it) => Object.keys(it).length <= PROBE_HOSTS_MAX, 'names too many hosts');

const run = z
  .number()
  .int()
  .min(0)
  .max(0xffff_ffff)
  .describe('Names the probe, and marks its packets');

export const probeInvitation = z.object({
  run,
  network: z.string().min(1).max(128).describe('Docker’s id'),
  ip,
  trial: z
    .exactOptional(z.number().refine(isVni))
    .describe('Where the network is made for this probe alone: its VNI'),
  group: z
    .exactOptional(z.ipv4().refine(isGroup))
    .describe('To join; absent where the network’s settings allow none'),
});
/** A host is asked to open its endpoint. */
export type ProbeInvitation = Told<typeof probeInvitation>;

export const probeSeat = object({
  ...{ host, ip, mac },
  vni: z.number().int(),
  mtu: mtu.describe('Of the endpoint and of this host’s containers on the network, bytes'),
  underlay: object({ interface: text, mtu }).describe('What carries the tunnel'),
  snooping: z.boolean().describe('Of the network’s bridge'),
  querier: z.boolean(),
  peers: z
    .array(
      peer.pick({ state: true, fault: true, lastError: true, listed: true }).extend({
        address: z.union([z.ipv4(), z.ipv6()]),
      }),
    )
    .max(PROBE_HOSTS_MAX)
    .describe('This host’s sessions, as it sees them'),
});
/** A host's endpoint is open. */
export type ProbeSeat = Told<typeof probeSeat>;

export const probeOrder = z.object({
  run,
  others: z.array(z.object({ host, ip, mac, mtu: mtu.min(MTU_MIN) })).max(PROBE_HOSTS_MAX),
});
/** A host is asked to send. */
export type ProbeOrder = Told<typeof probeOrder>;

const kinds = object({ unicast: count, multicast: count, broadcast: count, large: count });
const way = object({
  p50: z.exactOptional(milliseconds),
  p99: z.exactOptional(milliseconds),
  pathMtu: z.exactOptional(mtu),
});

/** Round trips and the largest packet that arrived whole; absent when nothing came back. */
export type ProbeWay = Told<typeof way>;

export const probeSent = object({
  sent: kinds.describe('Datagrams of each kind that were sent to each of the others'),
  noWay: z
    .array(ip)
    .max(PROBE_HOSTS_MAX)
    .describe('Others to whom this host’s kernel has no way, after waiting for one'),
  ways: perHost(way),
});
/** What a host learnt by sending; by the other's address on the network. */
export type ProbeSent = Told<typeof probeSent>;

export const probeHeard = perHost(kinds);
/** What a host heard, by the sender's address on the network. */
export type ProbeHeard = Told<typeof probeHeard>;

/** A host is asked to take its endpoint away. */
export const probeEnd = z.object({ run });
