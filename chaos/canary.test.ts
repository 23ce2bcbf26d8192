import { expect, it } from 'vitest';
import { gratuitousArp, neighbourAdvertisement } from '../lab/tools/announcement.ts';
import { bytesOf } from './canary.ts';

const words = bytesOf({ word: 'wren', subnet: '10.197.84.0/24' });
const mac = Buffer.from('02420ac55407', 'hex');

it('finds in a container’s announcements what they are, and in each that it is of the network', () => {
  const arp = gratuitousArp(mac, Buffer.from([10, 197, 84, 7]));
  const nd = neighbourAdvertisement(mac);
  const found = (frame: Buffer) =>
    Object.entries(words).flatMap(([kind, word]) => (frame.includes(word) ? [kind] : []));
  expect(found(arp)).toEqual(['ARP', 'frame']);
  expect(found(nd)).toEqual(['ND', 'frame']);
  expect(found(Buffer.from('id m 1 wren-m'))).toEqual(['multicast']);
});
