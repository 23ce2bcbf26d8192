import { expect, it } from 'vitest';
import { aReport } from '../../contract/testing/report.ts';
import type { HostCheckup } from './checkup.ts';
import { cardsCheck } from './network-card.ts';

const host = (address: string, dev: string, driver: string): HostCheckup => ({
  ...{ version: 1, plan: [], vxlans: [], routes: [], clockAheadMs: 0 },
  report: aReport({ tunnel: { address, port: 4789, mtu: 1450 } }),
  cards: [{ dev, driver }],
});
const HOSTS = [
  host('10.9.0.1', 'ens192', 'vmxnet3'),
  host('10.9.0.2', 'eth0', 'virtio_net'),
  host('10.9.0.3', 'eno1', 'ice'),
];

it('hints at a card of VMware, with the line that mends it', () => {
  const { findings, detail } = cardsCheck(HOSTS, false);
  expect(findings).toMatchObject([
    {
      code: 'checksum-offload',
      severity: 'warning',
      host: '10.9.0.1',
      remedy: expect.stringContaining('ethtool -K ens192 tx-checksum-ip-generic off'),
    },
  ]);
  expect(detail).toBe('ice, virtio_net, vmxnet3');
});

it('hints at cards that seldom fail only where packets are lost', () => {
  const { findings } = cardsCheck(HOSTS, true);
  expect(findings.map((it) => it.host)).toEqual(['10.9.0.1', '10.9.0.3']);
});

it('an agent of an earlier release tells no cards', () => {
  const { cards: _, ...old } = host('10.9.0.1', 'ens192', 'vmxnet3');
  expect(cardsCheck([old], true).findings).toEqual([]);
});
