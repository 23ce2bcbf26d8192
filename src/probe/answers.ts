import { isIP, isIPv4 } from 'node:net';
import * as z from 'zod';
import { text, unusable } from '../contract/parts.ts';
import {
  PROBE_HOSTS_MAX,
  type ProbeHeard,
  type ProbeSeat,
  type ProbeSent,
} from '../core/diagnosis/probe.ts';
import { isMac } from '../net/mac.ts';
import { MTU_MAX } from '../net/mtu.ts';

/**
 * What another host answers about its part in a probe, before anything is made of it: it may run
 * another release, or lie. Nothing may reach a terminal that the terminal takes for an order.
 */

const address = text.refine((it) => isIP(it) > 0, 'is no IP address');
const ip = text.refine(isIPv4, 'is no IPv4 address');
const mtu = z.number().int().min(0).max(MTU_MAX);
const count = z.number().int().min(0).max(1000);
const milliseconds = z.number().min(0).optional();
const kinds = z.object({ unicast: count, multicast: count, broadcast: count, large: count });

const perHost = <T extends z.ZodType>(value: T) =>
  z
    .record(ip, value)
    .refine((it) => Object.keys(it).length <= PROBE_HOSTS_MAX, 'names too many hosts');

const seat = z.looseObject({
  ...{ host: address, ip, mac: text.refine(isMac, 'is no MAC address') },
  ...{ vni: z.number().int(), mtu, snooping: z.boolean(), querier: z.boolean() },
  underlay: z.object({ interface: text, mtu }),
  peers: z
    .array(
      z.looseObject({
        ...{ address, state: text, listed: z.boolean() },
        ...{ fault: text.optional(), lastError: text.optional() },
      }),
    )
    .max(PROBE_HOSTS_MAX),
});

const sent = z.looseObject({
  sent: kinds,
  noWay: z.array(ip).max(PROBE_HOSTS_MAX),
  ways: perHost(z.looseObject({ p50: milliseconds, p99: milliseconds, pathMtu: mtu.optional() })),
});

/** By question; what passes is of the type that the question asks for. */
export const PROBE_ANSWERS = {
  seat: seat as unknown as z.ZodType<ProbeSeat>,
  sent: sent as unknown as z.ZodType<ProbeSent>,
  heard: perHost(kinds) as unknown as z.ZodType<ProbeHeard>,
};

/** @throws Error that says what is wrong with the answer */
export function readAnswer<T>(schema: z.ZodType<T>, answer: unknown): T {
  const checked = schema.safeParse(answer);
  if (checked.success) return checked.data;
  throw new Error(unusable(checked.error));
}
