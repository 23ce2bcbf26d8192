/**
 * Bytes that VXLAN adds to a packet: the outer IP header, UDP (8), VXLAN (8) and the inner
 * Ethernet header (14); RFC 7348 section 5.
 */
export function tunnelOverhead(tunnelAddress: string): number {
  const outerHeader = tunnelAddress.includes(':') ? 40 : 20;
  return outerHeader + 8 + 8 + 14;
}

/**
 * Bytes that WireGuard adds to a packet: the outer IP header, UDP (8), its own header (16) and the
 * authentication tag (16); its padding to 16 bytes never exceeds the interface's MTU (whitepaper, section 5.4.6).
 */
export function wireguardOverhead(tunnelAddress: string): number {
  return (tunnelAddress.includes(':') ? 40 : 20) + 8 + 16 + 16;
}

/** The least MTU a network may have: what every IPv4 host must take whole (RFC 791). */
export const MTU_MIN = 576;
/** Below it a device has no IPv6 (RFC 8200 section 5). */
export const IPV6_MTU_MIN = 1280;
/** The most that the kernel's Ethernet devices take. */
export const MTU_MAX = 65_535;

/** The MTU of containers whose frames travel in a tunnel over an interface of `underlay` bytes. */
export function containerMtu(underlay: number, tunnelAddress: string): number {
  return underlay - tunnelOverhead(tunnelAddress);
}
