/**
 * Reads tcpdump's output (pcap, `-w -`) as it comes: takes bytes, yields the frames that travel
 * inside VXLAN packets. Only what the tests look at is decoded.
 */

import ipaddr from 'ipaddr.js';

/** One frame inside a VXLAN packet over IPv4. */
export type TunnelFrame = {
  /** When it was captured, milliseconds since the epoch. */
  at: number;
  /** Addresses of the outer packet: hosts. */
  from: string;
  to: string;
  vni: number;
  innerMac: string;
  etherType: number;
  /** Source of the inner IPv6 packet, as `fd00::1`; empty when it is none. */
  innerFrom: string;
  /** Destination of the inner IPv4 packet; empty when it is none. */
  innerTo: string;
  /** The inner packet's IP protocol number; 0 when it is no IPv4. */
  protocol: number;
  /** What an inner UDP packet carries, as text. */
  text: string;
};

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const UDP = 8;
const VXLAN = 8;

/** A packet without what the link puts before it, and when it was captured, milliseconds since the epoch. */
type Packet = { at: number; packet: Buffer };

/**
 * @param before bytes of the link's own that come before the IP packet
 * @returns a function that takes chunks and returns the frames that are complete with them
 */
export function pcapReader(before: number): (chunk: Buffer) => TunnelFrame[] {
  const read = packetReader(before);
  return (chunk) =>
    read(chunk).flatMap(({ at, packet }) => {
      const frame = decode(packet);
      return frame === undefined ? [] : [{ at, ...frame }];
    });
}

/** The same for all packets, whatever is in them. */
export function packetReader(before: number): (chunk: Buffer) => Packet[] {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const packets: Packet[] = [];
    if (!begun) {
      if (rest.length < FILE_HEADER) return packets;
      // tcpdump writes in the machine's byte order, and the lab runs on x86_64 only.
      if (rest.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('tcpdump’s output is no pcap');
      rest = rest.subarray(FILE_HEADER);
      begun = true;
    }
    while (rest.length >= RECORD_HEADER) {
      const end = RECORD_HEADER + rest.readUInt32LE(8);
      if (rest.length < end) break;
      const at = rest.readUInt32LE(0) * 1000 + rest.readUInt32LE(4) / 1000;
      packets.push({ at, packet: rest.subarray(RECORD_HEADER + before, end) });
      rest = rest.subarray(end);
    }
    return packets;
  };
}

function decode(packet: Buffer): Omit<TunnelFrame, 'at'> | undefined {
  const outer = ipv4(packet);
  if (outer === undefined) return undefined;
  const vxlan = outer.body.subarray(UDP);
  if (vxlan.length < VXLAN + ETHERNET) return undefined;
  const inner = vxlan.subarray(VXLAN);
  const innerMac = [...inner.subarray(0, 6)].map((it) => it.toString(16).padStart(2, '0'));
  const etherType = inner.readUInt16BE(12);
  const isIpv4 = etherType === 0x0800;
  const packetInside = isIpv4 ? ipv4(inner.subarray(ETHERNET)) : undefined;
  const isUdp = packetInside?.protocol === 17;
  return {
    from: outer.from,
    to: outer.to,
    vni: vxlan.readUIntBE(4, 3),
    innerMac: innerMac.join(':'),
    etherType,
    innerFrom: etherType === 0x86dd ? ipv6At(inner, ETHERNET + 8) : '',
    innerTo: packetInside?.to ?? '',
    protocol: packetInside?.protocol ?? 0,
    text: isUdp ? packetInside.body.subarray(UDP).toString('latin1') : '',
  };
}

const ipv6At = (bytes: Buffer, at: number): string =>
  ipaddr.fromByteArray([...bytes.subarray(at, at + 16)]).toString();

function ipv4(bytes: Buffer) {
  if (bytes.length < 20 || bytes.readUInt8(0) >> 4 !== 4) return undefined;
  const header = (bytes.readUInt8(0) & 15) * 4;
  const address = (at: number): string => [...bytes.subarray(at, at + 4)].join('.');
  return {
    from: address(12),
    to: address(16),
    protocol: bytes.readUInt8(9),
    body: bytes.subarray(header, bytes.readUInt16BE(2)),
  };
}
