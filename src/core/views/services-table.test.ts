import { expect, it } from 'vitest';
import type { HostReport } from '../../contract/report.ts';
import { aReport } from '../../contract/testing/report.ts';
import { briefBalance } from '../brief.ts';
import { servicesTable } from './services-table.ts';

const host = (address: string, ip: string, serving: boolean): HostReport =>
  aReport({
    tunnel: { address, port: 4789, mtu: 1450 },
    networks: [
      {
        id: 'n1',
        name: 'front',
        vni: 8_000_000,
        options: {},
        hosts: [],
        joined: [],
        refused: [],
        groups: [],
        endpoints: [
          {
            id: ip,
            port: 'p',
            address: `${ip}/24`,
            mac: '',
            container: `web.${ip}`,
            carriesMulticast: true,
            service: { name: 'web', vip: '10.0.1.2', serving },
          },
        ],
      },
    ],
  });

it('puts tasks and counts of all hosts together, and shows a service without tasks', () => {
  const hosts = [host('h2', '10.0.1.6', false), host('h1', '10.0.1.5', true)];
  const count = { vip: '10.0.1.2', task: '10.0.1.5', connections: 2, packets: 7, bytes: 70 };
  const services = [
    { network: 'n1', name: 'web', vip: '10.0.1.2' },
    { network: 'n1', name: 'idle', vip: '10.0.1.3' },
  ];
  const rows = servicesTable(hosts, [
    { services, counts: [count] },
    { services, counts: [count] },
  ]);
  expect(rows.map((it) => [it.network, it.service, it.vip])).toEqual([
    ['front', 'idle', '10.0.1.3'],
    ['front', 'web', '10.0.1.2'],
  ]);
  expect(rows[0]?.backends).toEqual([]);
  expect(rows[1]?.backends).toMatchObject([
    { address: '10.0.1.5', host: 'h1', serving: true, connections: 4, packets: 14, bytes: 140 },
    { address: '10.0.1.6', host: 'h2', serving: false, connections: 0, packets: 0, bytes: 0 },
  ]);
});

it('counts the same of a host that answers in brief', () => {
  const counts = ['10.0.1.5', '10.0.1.6'].map((task, n) => ({
    ...{ vip: '10.0.1.2', task, connections: n + 1, packets: n + 7, bytes: 70 },
  }));
  const services = [{ network: 'n1', name: 'web', vip: '10.0.1.2' }];
  const hosts = [host('h2', '10.0.1.6', true), host('h1', '10.0.1.5', true)];
  const told = briefBalance({ services, counts });
  expect(told.counts).toEqual([]);
  expect(servicesTable(hosts, [told, told])).toEqual(
    servicesTable(hosts, [
      { services, counts },
      { services, counts },
    ]),
  );
});
