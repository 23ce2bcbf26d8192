import { expect, it } from 'vitest';
import { espPackets } from './esp.ts';

const state = (packets: number) => `src 10.99.0.1 dst 10.99.0.2
\tproto esp spi 0x4ae0cf5b(1256247131) reqid 13681891(0x00d0c4e3) mode transport
\treplay-window 0 seq 0x00000000 flag  (0x00000000)
\taead rfc4106(gcm(aes)) 0x0 (160 bits) 64
\tlifetime config:
\t  limit: soft (INF)(bytes), hard (INF)(bytes)
\t  limit: soft (INF)(packets), hard (INF)(packets)
\tlifetime current:
\t  ${packets * 134}(bytes), ${packets}(packets)
\t  add 2026-11-28 07:00:00 use 2026-11-28 07:00:01
`;

it('counts what went by all states', () => {
  expect(espPackets(state(3) + state(4))).toBe(7);
  expect(espPackets('')).toBe(0);
});
