/**
 * Frames by which a container tells its own address to all, unasked: ARP's (RFC 826; RFC 5227, section 3)
 * and neighbour discovery's (RFC 4861, section 7.2.6). Pure.
 */

const BROADCAST = Buffer.alloc(6, 0xff);

/** An answer of ARP to nobody's question. */
export function gratuitousArp(mac: Buffer, ip: Buffer): Buffer {
  const head = Buffer.from('08060001080006040002', 'hex');
  return Buffer.concat([BROADCAST, mac, head, mac, ip, BROADCAST, ip]);
}

/** An unsolicited advertisement of the link-local address of a MAC, to all nodes. */
export function neighbourAdvertisement(mac: Buffer): Buffer {
  const address = linkLocal(mac);
  const toAll = Buffer.from('ff020000000000000000000000000001', 'hex');
  // Type 136 with the flag "override"; then the target, and its MAC as option 2.
  const head = Buffer.from('8800000020000000', 'hex');
  const message = Buffer.concat([head, address, Buffer.from([2, 1]), mac]);
  const pseudo = Buffer.from([0, 0, 0, message.length, 0, 0, 0, 58]);
  message.writeUInt16BE(checksum(Buffer.concat([address, toAll, pseudo, message])), 2);
  const ip = Buffer.from('6000000000003aff', 'hex');
  ip.writeUInt16BE(message.length, 4);
  const ethernet = Buffer.concat([Buffer.from('333300000001', 'hex'), mac]);
  return Buffer.concat([ethernet, Buffer.from('86dd', 'hex'), ip, address, toAll, message]);
}

/** RFC 4291, appendix A. */
function linkLocal(mac: Buffer): Buffer {
  const [first = 0, ...others] = mac;
  const id = [first ^ 2, ...others.slice(0, 2), 0xff, 0xfe, ...others.slice(2)];
  return Buffer.concat([Buffer.from('fe80000000000000', 'hex'), Buffer.from(id)]);
}

/** RFC 1071, of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
