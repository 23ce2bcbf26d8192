import ipaddr from 'ipaddr.js';

export interface Cidr {
  readonly family: 4 | 6;
  /** Prefix length, bits. */
  readonly length: number;
  /** In its shortest spelling, the host's bits cleared: `fd00:1::/64`. */
  readonly text: string;
  /** Whether every address in it is a multicast group. */
  readonly isMulticast: boolean;
  /** Whether hosts may have its addresses on more than one link, as containers' are to be. */
  readonly isForHosts: boolean;
}

const NOT_FOR_HOSTS = new Set([
  ...['multicast', 'linkLocal', 'loopback', 'unspecified', 'broadcast'],
  ...['ipv4Mapped', 'rfc6145', 'rfc6052'],
]);

/** Reads `10.0.0.0/8` or `fd00::/64`; undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, length] = ipaddr.parseCIDR(text);
  const first = address.toByteArray()[0] as number;
  const isForHosts = !NOT_FOR_HOSTS.has(address.range());
  if (address.kind() === 'ipv4') {
    // ipaddr.js also takes old spellings such as 239.1/16.
    if (!ipaddr.IPv4.isValidFourPartDecimal(text.split('/')[0] as string)) return undefined;
    const network = ipaddr.IPv4.networkAddressFromCIDR(text);
    const isMulticast = first >= 224 && first < 240 && length >= 4;
    return { family: 4, length, text: `${network}/${length}`, isMulticast, isForHosts };
  }
  const network = ipaddr.IPv6.networkAddressFromCIDR(text);
  return {
    family: 6,
    length,
    text: `${network}/${length}`,
    isMulticast: first === 255 && length >= 8,
    isForHosts,
  };
}

/** Whether an address lies in one of some CIDRs, whose spelling was checked before. */
export function inAny(address: string, cidrs: readonly string[]): boolean {
  const parsed = ipaddr.parse(address);
  return cidrs.some((text) => {
    const [network, length] = ipaddr.parseCIDR(text);
    return network.kind() === parsed.kind() && parsed.match(network, length);
  });
}

/**
 * The IPv6 address of a container: the network's prefix, zeros, and the four bytes of its IPv4
 * address, which Swarm makes unique. So no two are alike, and no host has to ask another.
 * @param prefix of at most 96 bits, checked before
 * @returns with the prefix length, as Docker wants it
 */
export function derivedIpv6(prefix: string, ipv4: string): string {
  const [network, length] = ipaddr.IPv6.parseCIDR(prefix);
  const bytes = [...network.toByteArray().slice(0, 12), ...ipaddr.IPv4.parse(ipv4).toByteArray()];
  return `${ipaddr.fromByteArray(bytes)}/${length}`;
}

/** Whether two IPv4 or IPv6 CIDRs, whose spelling was checked before, have an address in common. */
export function overlaps(a: string, b: string): boolean {
  const [[left, leftLength], [right, rightLength]] = [ipaddr.parseCIDR(a), ipaddr.parseCIDR(b)];
  if (left.kind() !== right.kind()) return false;
  return left.match(right, Math.min(leftLength, rightLength));
}
