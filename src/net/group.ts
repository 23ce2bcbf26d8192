import ipaddr from 'ipaddr.js';

/** So many are remembered: a host's groups are asked for again and again. */
const MACS_MOST = 10_000;
const macs = new Map<string, string>();

/**
 * The Ethernet address that carries an IP multicast group. IPv4 keeps 23 bits of the group
 * (RFC 1112 section 6.4), so 32 groups share one address; IPv6 keeps 32 (RFC 2464 section 7).
 *
 * @throws Error when `group` is no IP address
 */
export function groupMac(group: string): string {
  const known = macs.get(group);
  if (known !== undefined) return known;
  const mac = macOf(group);
  if (macs.size >= MACS_MOST) macs.clear();
  macs.set(group, mac);
  return mac;
}

function macOf(group: string): string {
  const address = ipaddr.parse(group);
  const bytes = address.toByteArray();
  const carried =
    address.kind() === 'ipv4'
      ? [0x01, 0x00, 0x5e, (bytes[1] as number) & 0x7f, ...bytes.slice(2)]
      : [0x33, 0x33, ...bytes.slice(12)];
  return carried.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * Whether a group's MAC is also that of a group which every host must get, joined or not: one of
 * 224.0.0.0/24, or ff02::1. Not so 224.0.0.22, whose packets are reports that stay on their host.
 */
export function isForAll(mac: string): boolean {
  return (mac.startsWith('01:00:5e:00:00:') && !mac.endsWith(':16')) || mac === '33:33:00:00:00:01';
}

/** Whether a group reaches every host without being joined: 224.0.0.0/24 and ff02::1. */
export const isLinkLocal = (group: string): boolean =>
  group === 'ff02::1' || (group.startsWith('224.0.0.') && group !== '224.0.0.22');

/** ipaddr.js also takes old spellings such as 239.1 and 0xef.1.1.1, and zones as %eth0. */
function isPlain(text: string): boolean {
  const last = text.slice(text.lastIndexOf(':') + 1);
  if (last.includes('.') && !ipaddr.IPv4.isValidFourPartDecimal(last)) return false;
  return last === text
    ? ipaddr.IPv4.isValidFourPartDecimal(text)
    : ipaddr.IPv6.isValid(text) && !text.includes('%');
}

/** An IPv4 one as it is written; of a thousand hosts' answers this is asked of each membership. */
const IPV4_GROUP = /^2(2[4-9]|3\d)(\.(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])){3}$/;

/** Whether `text` is an IPv4 or IPv6 multicast address. */
export function isGroup(text: string): boolean {
  if (IPV4_GROUP.test(text)) return true;
  if (!isPlain(text)) return false;
  const address = ipaddr.parse(text);
  return address.kind() === 'ipv4'
    ? address.range() === 'multicast'
    : address.toByteArray()[0] === 0xff;
}

const NO_SOURCE = new Set(['unspecified', 'broadcast', 'multicast', 'loopback']);

/** Whether packets may come from this address, so that a member may ask for them by it. */
export function isSource(text: string): boolean {
  return isPlain(text) && !NO_SOURCE.has(ipaddr.parse(text).range());
}

/**
 * Whether a group is of one host only, so that no host announces it to another: the node-local
 * scope ff01::/16 (RFC 4291 section 2.7). Everything else may have members elsewhere.
 */
export function isHostLocal(group: string): boolean {
  const address = ipaddr.parse(group);
  const [first, second] = address.toByteArray();
  return address.kind() === 'ipv6' && first === 0xff && ((second as number) & 0x0f) === 1;
}
