import { expect, it } from 'vitest';
import { hasListener } from './listening.ts';

const TCP = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid';
const UDP = `${TCP}  timeout inode ref pointer drops            `;
const row = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0`;
const table = (heading: string, ...rows: string[]) => `${[heading, ...rows].join('\n')}\n`;

it('a TCP socket that listens, and a UDP socket without a peer, take what others send', () => {
  expect(hasListener(table(TCP, row('00000000:2328', '0A')))).toBe(true);
  expect(hasListener(table(UDP, row('0500000A:0035', '07')))).toBe(true);
  const six = row('00000000000000000000000000000000:2328', '0A');
  expect(hasListener(table(TCP) + table(TCP, six) + table(UDP))).toBe(true);
});

it('connections, sockets with a peer and those at the loopback do not', () => {
  expect(hasListener('')).toBe(false);
  expect(hasListener(table(TCP, row('0500000A:2328', '01'), row('0500000A:2328', '07')))).toBe(
    false,
  );
  expect(hasListener(table(UDP, row('0500000A:2328', '01'), row('0500000A:2328', '0A')))).toBe(
    false,
  );
  const dns = table(TCP, row('0B00007F:9A21', '0A')) + table(UDP, row('0B00007F:C350', '07'));
  expect(hasListener(dns)).toBe(false);
  for (const local of [
    '00000000000000000000000001000000:2328',
    '0000000000000000FFFF00000100007F:2328',
  ]) {
    expect(hasListener(table(TCP, row(local, '0A')))).toBe(false);
  }
});
