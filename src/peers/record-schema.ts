import { isIP, isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import { firstFault, text as words } from '../contract/parts.ts';
import type {
  EndpointRecord,
  GroupRecord,
  NetworkRecord,
  WireguardRecord,
} from '../core/records.ts';
import { isGroup } from '../net/group.ts';
import { isMac } from '../net/mac.ts';
import { isVni, VNI_MAX, VNI_MIN } from '../net/vni.ts';
import { MAX_ENTRIES } from './limits.ts';

/**
 * What a peer may say about its endpoints and groups. Everything here ends up in this host's
 * forwarding tables, so an address that would catch other hosts' traffic (a broadcast MAC, a
 * multicast IP) is refused, not only one that is misspelt.
 */

const NOT_A_HOST = new Set(['unspecified', 'broadcast', 'multicast', 'loopback']);

// node:net is the strict judge of spelling: ipaddr.js also takes 010.1 and 0xe0000001.
function isHostAddress(text: string): boolean {
  if (isIP(text) === 0 || text.includes('%')) return false;
  return !NOT_A_HOST.has(ipaddr.parse(text).range());
}

function isHostMac(text: string): boolean {
  // The lowest bit of the first byte marks a group address, broadcast included.
  return isMac(text) && text !== '00:00:00:00:00:00' && !/^.[13579bdf]/.test(text);
}

const text = words.max(128);
/** As Docker makes ids, and as probes do. */
const id = z
  .string()
  .max(128)
  .regex(/^[\w.:-]+$/, 'must be an id');
const hostAddress = text.refine(isHostAddress, 'must be the IP address of a host');
const source = text.refine((s) => isIP(s) > 0 && !s.includes('%'), 'must be an IP address');
const groupAddress = text.refine(
  (s) => isIP(s) > 0 && !s.includes('%') && isGroup(s),
  'must be an IPv4 or IPv6 multicast address',
);

/** The id under which Docker knows a network. */
export const networkId = id;
/** A Swarm node id. */
export const nodeId = id;
/** The address at which a host takes VXLAN packets; loopback serves hosts on one machine. */
export const tunnelAddress = text.refine(
  (s) => isHostAddress(s) || s === '::1' || (isIPv4(s) && s.startsWith('127.')),
  'must be the IP address of a host',
);

const service = z.object({
  name: text.min(1),
  vip: hostAddress.refine(isIPv4, 'must be an IPv4 address'),
  serving: z.boolean(),
});

export const endpointId = id;

export const endpointSchema: z.ZodType<EndpointRecord> = z.object({
  id: endpointId,
  ip: hostAddress.refine(isIPv4, 'must be an IPv4 address'),
  ip6: z.exactOptional(hostAddress.refine(isIPv6, 'must be an IPv6 address')),
  mac: text.refine(isHostMac, 'must be the MAC address of one host, as 02:42:0a:00:00:02'),
  service: z.exactOptional(service),
});

export const groupSchema: z.ZodType<GroupRecord> = z.object({
  group: groupAddress,
  mode: z.enum(['include', 'exclude']),
  sources: z.array(source).max(MAX_ENTRIES),
});

/** A public key of WireGuard: 32 bytes in base64. */
const publicKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'must be a public key of WireGuard');

/** A host's public key and port of WireGuard, and the key that it is about to have. */
export const wireguard: z.ZodType<WireguardRecord> = z.object({
  key: publicKey,
  next: z.exactOptional(publicKey),
  port: z.number().int().min(1).max(65_535),
});

function unique<T>(key: (item: T) => string) {
  return (items: readonly T[]) => new Set(items.map(key)).size === items.length;
}

const recordSchema: z.ZodType<NetworkRecord> = z.object({
  vni: z.number().refine(isVni, `must be a whole number from ${VNI_MIN} to ${VNI_MAX}`),
  encrypted: z.exactOptional(z.literal(true)),
  endpoints: z
    .array(endpointSchema)
    .max(MAX_ENTRIES)
    .refine(
      unique((e: EndpointRecord) => e.id),
      'must not name an endpoint twice',
    ),
  groups: z
    .array(groupSchema)
    .max(MAX_ENTRIES)
    .refine(
      unique((g: GroupRecord) => g.group),
      'must not name a group twice',
    ),
});

/** A value checked, or in one sentence what is wrong with it. */
export type Checked<T> = { ok: true; value: T } | { ok: false; reason: string };

/** Checks `value`; the reason names the first fault and where it is. */
export function check<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, reason: firstFault(result.error) };
}

/** Checks what a peer says that it has of a network. */
export function checkRecord(value: unknown): Checked<NetworkRecord> {
  return check(recordSchema, value);
}
