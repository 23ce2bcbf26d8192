/**
 * The packets of a probe: `CNP1`, the run (32 bits), the kind (8 bits), a number (32 bits), then
 * zeros up to the size that is asked for. Numbers are in network byte order.
 */

const MAGIC = 0x434e5031;
export const HEADER = 13;

/** The last two of them answer `unicast` and `size`. */
const KINDS = [
  'unicast',
  'multicast',
  'broadcast',
  'large',
  'size',
  'unicast-echo',
  'size-echo',
] as const;
export type PacketKind = (typeof KINDS)[number];

export interface Packet {
  readonly run: number;
  readonly kind: PacketKind;
  /** Counts packets of a kind; of `size` and its echo it is the size of the whole IP packet. */
  readonly number: number;
}

/** @param size bytes of the UDP payload, at least `HEADER` */
export function encode({ run, kind, number }: Packet, size: number = HEADER): Buffer {
  const bytes = Buffer.alloc(Math.max(HEADER, size));
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(run, 4);
  bytes.writeUInt8(KINDS.indexOf(kind), 8);
  bytes.writeUInt32BE(number, 9);
  return bytes;
}

/** @returns undefined for anything that is no packet of a probe */
export function decode(bytes: Buffer): Packet | undefined {
  if (bytes.length < HEADER || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const kind = KINDS[bytes.readUInt8(8)];
  if (kind === undefined) return undefined;
  return { run: bytes.readUInt32BE(4), kind, number: bytes.readUInt32BE(9) };
}
