import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTraffic } from '../../contract/answers.ts';
import type { FastFact } from './facts.ts';
import { FAST_COUNTS, type FastTallies } from './tallies.ts';
import { allFlows, fastTraffic, flowsSince, withFast } from './traffic.ts';

const MAC = '02:42:0a:00:01:05';
const facts: FastFact[] = [
  { kind: 'port', port: 14, vni: 5, mac: MAC, ip: '10.0.1.5', ip6: 'fd00::5' },
];
const tallies: FastTallies = {
  flows: [
    { port: 14, group: '239.1.1.1', packets: 3, bytes: 300 },
    { port: 14, group: 'ff15::1', packets: 1, bytes: 100 },
    { port: 99, group: '239.1.1.1', packets: 9, bytes: 900 },
  ],
  given: [
    { port: 14, packets: 4, bytes: 400 },
    { port: 99, packets: 9, bytes: 900 },
  ],
  hosts: ['10.9.0.2', '10.9.0.3'].map((host) => ({
    ...{ vni: 5, host, sent: { packets: 2, bytes: 200 }, received: { packets: 1, bytes: 100 } },
  })),
  counts: Object.fromEntries(FAST_COUNTS.map((it, at) => [it, at])) as FastTallies['counts'],
};
const fast = fastTraffic(tallies, facts, new Map([[14, 'cva']]));
const device = (dev: string) => ({
  ...{ dev, receivedBytes: 1000, receivedPackets: 10, receivedDropped: 1 },
  ...{ sentBytes: 2000, sentPackets: 20, sentDropped: 2 },
});
const flow = { port: 'cva', source: '10.0.1.5', group: '239.1.1.1', packets: 2, bytes: 200 };
const slow: HostTraffic = {
  ...{ at: 1, devices: ['cva', 'cvb', 'cx5', 'ce5'].map(device), flows: [flow], dropped: [] },
};

describe('what a host counts', () => {
  it('is the sum of both ways', () => {
    const { devices, flows, fastPath } = withFast(slow, fast);
    expect(devices).toEqual([
      { ...device('cva'), sentPackets: 24, sentBytes: 2400 },
      device('cvb'),
      {
        ...{ ...device('cx5'), sentPackets: 24, sentBytes: 2400 },
        ...{ receivedPackets: 12, receivedBytes: 1200 },
      },
      device('ce5'),
    ]);
    expect(flows).toEqual([
      { ...flow, packets: 5, bytes: 500 },
      { ...flow, source: 'fd00::5', group: 'ff15::1', packets: 1, bytes: 100 },
    ]);
    expect(fastPath?.hosts.map((it) => [it.host, it.sentPackets])).toEqual([
      ['10.9.0.2', 2],
      ['10.9.0.3', 2],
    ]);
  });

  it('has each drop with its reason', () => {
    expect(fast.part.dropped).toEqual([
      { reason: 'unwritable', packets: 5 },
      { reason: 'no-room', packets: 8 },
    ]);
    expect(fast.part.packets.map((it) => it.way)).not.toContain('lost');
  });

  it('is as ever without a fast path', () => {
    expect(withFast(slow, undefined)).toBe(slow);
  });

  it('between two readings is what came since, also where one way began anew', () => {
    const now = { ...flow, packets: 5, bytes: 500 };
    expect(flowsSince([flow], [now])).toEqual([{ ...flow, packets: 3, bytes: 300 }]);
    expect(flowsSince([], [flow])).toEqual([flow]);
    expect(flowsSince([flow], [flow])).toEqual([]);
    expect(flowsSince([now], [flow])).toEqual([flow]);
  });

  it('of several ways has every packet once', () => {
    const some = fc.array(
      fc.record({
        ...{ port: fc.constantFrom('cva', 'cvb'), source: fc.constant('10.0.1.5') },
        ...{ group: fc.constantFrom('239.1.1.1', '239.1.1.2'), packets: fc.nat(), bytes: fc.nat() },
      }),
    );
    const total = (list: readonly { packets: number }[]) =>
      list.reduce((all, it) => all + it.packets, 0);
    fc.assert(
      fc.property(some, some, (a, b) => {
        const all = allFlows(a, b);
        expect(total(all)).toBe(total(a) + total(b));
        expect(new Set(all.map((it) => `${it.port} ${it.group}`)).size).toBe(all.length);
      }),
    );
  });
});
