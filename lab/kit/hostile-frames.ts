/** Frames by which one container would take another's place. */
import { bytes, checksum, hex, igmp, macOf } from './frames.ts';

export interface Speaker {
  /** The address that the frame names as its sender's. */
  readonly ip: string;
  /** Whose MAC the frame leaves from; by default that address's own. */
  readonly macOfIp?: string;
}

/** A datagram to a container, as if from another. */
export function datagram(from: Speaker, to: string, text: string, port = 5000): Buffer {
  const mac = macOf(from.macOfIp ?? from.ip);
  const packet = ipPacket({ from: from.ip, to, port }, Buffer.from(text));
  return Buffer.concat([macOf(to), mac, hex('0800'), packet]);
}

/** UDP in IPv4, without a checksum of UDP's. */
export function ipPacket(
  { from, to, port }: { from: string; to: string; port: number },
  payload: Buffer,
): Buffer {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(4000, 0);
  udp.writeUInt16BE(port, 2);
  udp.writeUInt16BE(8 + payload.length, 4);
  const header = hex('45000000 00004000 40110000 00000000 00000000');
  header.writeUInt16BE(28 + payload.length, 2);
  bytes(from).copy(header, 12);
  bytes(to).copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, udp, payload]);
}

/** A frame with an 802.1Q tag, or several, outermost first, each as its type and its control word. */
export function tagged(frame: Buffer, ...tags: readonly string[]): Buffer {
  return Buffer.concat([frame.subarray(0, 12), ...tags.map(hex), frame.subarray(12)]);
}

/** Says to all that an address is at the MAC of another, without having been asked. */
export function arpLie(address: string, liar: string): Buffer {
  return Buffer.concat([
    hex('ffffffffffff'),
    macOf(liar),
    hex('0806 0001 0800 06 04 0002'),
    macOf(liar),
    bytes(address),
    hex('ffffffffffff'),
    bytes(address),
  ]);
}

/** A general membership query, from an address that wins every election of queriers. */
export function igmpQuery(liar: string): Buffer {
  const frame = igmp('0.0.0.1', '224.0.0.1', hex('1164 0000 00000000 027d 0000'));
  macOf(liar).copy(frame, 6);
  return frame;
}

/** An Ethernet frame as VXLAN carries it in UDP. */
export function vxlan(vni: number, frame: Buffer): Buffer {
  const head = hex('08000000 00000000');
  head.writeUInt32BE(vni * 256, 4);
  return Buffer.concat([head, frame]);
}
