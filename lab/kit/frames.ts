/** Frames that no kernel would send: membership reports that are broken, or claim too much. */

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

export const bytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

/** A container's own; its bridge takes no other from it. */
export const macOf = (ip: string): Buffer => Buffer.concat([hex('0242'), bytes(ip)]);

export function checksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) {
    sum += (data[at] as number) * 256 + (data[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** An IGMP message in a frame to a group; `wrongSum` spoils its checksum. */
export function igmp(from: string, to: string, message: Buffer, wrongSum = false): Buffer {
  const body = Buffer.from(message);
  if (body.length >= 4) body.writeUInt16BE(wrongSum ? 0x1234 : checksum(body), 2);
  const header = hex('46c00000 00000000 01020000 00000000 00000000 94040000');
  header.writeUInt16BE(header.length + body.length, 2);
  bytes(from).copy(header, 12);
  bytes(to).copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  const [, b = 0, c = 0, d = 0] = bytes(to);
  const ethernet = Buffer.concat([
    Buffer.from([0x01, 0x00, 0x5e, b & 0x7f, c, d]),
    macOf(from),
    hex('0800'),
  ]);
  return Buffer.concat([ethernet, header, body]);
}

/** An MLD message (ICMPv6) behind a hop-by-hop header, its checksum never right. */
function mld(mac: Buffer, message: string, payloadLength?: number): Buffer {
  const body = Buffer.concat([hex('3a00 0502 0000 0100'), hex(message)]);
  const header = hex('60000000 0000 00 01');
  header.writeUInt16BE(payloadLength ?? body.length, 4);
  const from = hex('fe80 0000 0000 0000 0000 0000 0000 0063');
  const to = hex('ff02 0000 0000 0000 0000 0000 0000 0016');
  return Buffer.concat([hex('333300000016'), mac, hex('86dd'), header, from, to, body]);
}

/** Valid IGMPv3 reports by which a container joins all of these groups, 150 with each packet. */
export function joinReports(from: string, groups: readonly string[]): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < groups.length; at += 150) {
    const some = groups.slice(at, at + 150);
    const head = hex('2200 0000 0000 0000');
    head.writeUInt16BE(some.length, 6);
    // CHANGE_TO_EXCLUDE_MODE without sources: from now on, everything.
    const records = some.map((it) => Buffer.concat([hex('0400 0000'), bytes(it)]));
    frames.push(igmp(from, '224.0.0.22', Buffer.concat([head, ...records])));
  }
  return frames;
}

/** Broken and senseless reports of every version, as if from this address. */
export function malformedReports(from: string): Buffer[] {
  const mac = macOf(from);
  const all = '224.0.0.22';
  const report3 = (records: string, count: number): Buffer =>
    hex(`2200 0000 0000 ${count.toString(16).padStart(4, '0')} ${records}`);
  return [
    igmp(from, all, hex('')),
    igmp(from, all, hex('22')),
    igmp(from, all, hex('2200 0000')),
    igmp(from, all, report3('', 65_535)),
    igmp(from, all, report3('0400 0000 efff0001', 9)),
    igmp(from, all, report3('0100 ffff efff0002 0a000001', 1)),
    igmp(from, all, report3('04ff 0000 efff0003', 1)),
    igmp(from, all, report3('0900 0000 efff0004', 1)),
    igmp(from, all, report3('0400 0000 0a000001', 1)),
    igmp(from, all, report3('0400 0000 e0000001', 1)),
    igmp(from, all, report3('0400 0000 ffffffff', 1)),
    igmp(from, all, report3('0400 0000 00000000', 1)),
    igmp(from, all, report3('0400 0000 efff0005', 1), true),
    igmp(from, '239.255.0.6', hex('1600 0000 efff0007')),
    igmp(from, '224.0.0.1', hex('1600 0000 00000000')),
    igmp(from, '224.0.0.2', hex('1700 0000 0a000001')),
    igmp(from, '224.0.0.2', hex('1700 0000')),
    igmp(from, all, hex('ff00 0000 efff0008')),
    mld(mac, '8f00 0000 0000 ffff'),
    mld(mac, '8f00 0000 0000 0001 0400 ffff ff05 0000 0000 0000 0000 0000 0000 0001'),
    mld(mac, '8300 0000 0000 0000 fd00 0000 0000 0000 0000 0000 0000 0001'),
    mld(mac, '8400 0000'),
    mld(mac, '8f00', 2_000),
  ];
}
