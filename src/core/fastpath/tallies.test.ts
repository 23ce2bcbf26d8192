import { expect, it } from 'vitest';
import { goneTallies, talliesOf } from './tallies.ts';

const u32 = (it: number): number[] => [it & 255, (it >> 8) & 255, (it >> 16) & 255, it >>> 24];
const u64 = (it: number): number[] => [...u32(it % 2 ** 32), ...u32(Math.floor(it / 2 ** 32))];
const tally = (packets: number, bytes: number): number[] => [...u64(packets), ...u64(bytes)];
const GROUP = [...new Array(10).fill(0), 255, 255, 239, 1, 1, 1];
const SIX = [0xff, 0x15, ...new Array(12).fill(0), 0x12, 0x34];

const maps = {
  counts: [
    { key: u32(0), values: [u64(5), u64(2 ** 33)] },
    { key: u32(8), values: [u64(1), u64(0)] },
  ],
  flows: [
    { key: [...u32(14), ...GROUP], values: [tally(1, 100), tally(2, 200)] },
    { key: [...u32(15), ...SIX], values: [tally(7, 700), tally(0, 0)] },
  ],
  given: [{ key: u32(14), values: [tally(3, 2 ** 40), tally(1, 1)] }],
  peers: [{ key: [...u32(8_000_001), 10, 9, 0, 2], values: [[...tally(1, 10), ...tally(2, 20)]] }],
};

it('adds up what each processor counted, in the layout of bpf/tallies.h', () => {
  const { flows, given, hosts, counts } = talliesOf(maps);
  expect(flows).toEqual([
    { port: 14, group: '239.1.1.1', packets: 3, bytes: 300 },
    { port: 15, group: 'ff15::1234', packets: 7, bytes: 700 },
  ]);
  expect(given).toEqual([{ port: 14, packets: 4, bytes: 2 ** 40 + 1 }]);
  expect(hosts).toEqual([
    {
      ...{ vni: 8_000_001, host: '10.9.0.2' },
      ...{ sent: { packets: 1, bytes: 10 }, received: { packets: 2, bytes: 20 } },
    },
  ]);
  expect(counts).toMatchObject({ sent: 2 ** 33 + 5, missed: 1, grouped: 0 });
});

it('names the entries of ports and networks that have gone', () => {
  const there = { port: (it: number) => it === 14, vni: () => true };
  expect(goneTallies(maps, there)).toEqual([{ map: 'flows', key: [...u32(15), ...SIX] }]);
  const gone = goneTallies(maps, { port: () => false, vni: () => false });
  expect(gone.map((it) => it.map)).toEqual(['flows', 'flows', 'given', 'peers']);
});
