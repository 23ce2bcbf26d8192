import { expect, test } from 'vitest';
import { countsOf } from './traffic.ts';

const link = (ifname: string) => ({
  ifname,
  mtu: 1450,
  stats64: {
    rx: { bytes: 10, packets: 1, errors: 0, dropped: 2, multicast: 0 },
    tx: { bytes: 30, packets: 3, errors: 0, dropped: 4, collisions: 0 },
  },
});

test('counts containers’ ports and tunnels, and no other device', () => {
  const counted = countsOf(
    JSON.stringify([link('lo'), link('cb8000001'), link('cvabc'), link('cx8000001'), link('eth0')]),
  );
  expect(counted.map((it) => it.dev)).toEqual(['cvabc', 'cx8000001']);
  expect(counted[0]).toEqual({
    ...{ dev: 'cvabc', receivedBytes: 10, receivedPackets: 1, receivedDropped: 2 },
    ...{ sentBytes: 30, sentPackets: 3, sentDropped: 4 },
  });
});
