import { spread } from './spread.ts';

/** MAC addresses, always held as six lower-case hexadecimal pairs. */

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Whether `text` is a MAC address in castnet's own spelling. */
export function isMac(text: string): boolean {
  return MAC.test(text);
}

function pairs(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * The MAC of a container: 02:42 and its four IPv4 bytes, as Docker's own drivers make it
 * (moby, libnetwork/netutils, GenerateMACFromIP). Nobody else makes one for a plugin.
 *
 * @param ipv4 dotted quad, already checked
 */
export function macOfIpv4(ipv4: string): string {
  return pairs([0x02, 0x42, ...ipv4.split('.').map(Number)]);
}

/**
 * A MAC for a device that has none of its own: locally administered, the rest a spread of `text`,
 * so that the devices of different hosts on one network differ.
 */
export function macOfText(text: string): string {
  const hash = spread(text);
  return pairs([0x02, 0xca, hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255]);
}
