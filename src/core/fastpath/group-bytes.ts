import ipaddr from 'ipaddr.js';

/** A group as the maps of bpf/groups.h and bpf/tallies.h have it: 16 bytes, of IPv4 as ::ffff:a.b.c.d. */
export function groupBytes(group: string): number[] {
  const address = ipaddr.parse(group);
  const six = address.kind() === 'ipv6' ? address : (address as ipaddr.IPv4).toIPv4MappedAddress();
  return six.toByteArray();
}

/** The group of such bytes. */
export function groupText(bytes: readonly number[]): string {
  const six = ipaddr.fromByteArray([...bytes]) as ipaddr.IPv6;
  return (six.isIPv4MappedAddress() ? six.toIPv4Address() : six).toString();
}
