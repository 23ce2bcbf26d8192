import { expect, it } from 'vitest';
import { gratuitousArp, neighbourAdvertisement } from './announcement.ts';

const MAC = Buffer.from('02420ac55401', 'hex');

it('announces an address by ARP, to all, in 42 bytes', () => {
  const frame = gratuitousArp(MAC, Buffer.from([10, 197, 84, 1]));
  expect(frame.toString('hex')).toBe(
    `ffffffffffff02420ac55401${'08060001080006040002'}02420ac554010ac55401ffffffffffff0ac55401`,
  );
});

it('announces a link-local address by neighbour discovery, with a checksum that is right', () => {
  const frame = neighbourAdvertisement(MAC);
  expect(frame).toHaveLength(14 + 40 + 32);
  expect(frame.subarray(22, 38).toString('hex')).toBe('fe8000000000000000420afffec55401');
  expect(frame.subarray(54, 55)).toEqual(Buffer.from([136]));
  expect(frame.subarray(-8).toString('hex')).toBe('020102420ac55401');
  // The sum over the pseudo header and the message, the checksum with it (RFC 8200, section 8.1).
  const pseudo = Buffer.from([0, 0, 0, 32, 0, 0, 0, 58]);
  const all = Buffer.concat([frame.subarray(22, 54), pseudo, frame.subarray(54)]);
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += all.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});
