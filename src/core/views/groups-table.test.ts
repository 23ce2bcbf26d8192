import { expect, it } from 'vitest';
import type { HostReport, NetworkReport } from '../../contract/report.ts';
import { aReport } from '../../contract/testing/report.ts';
import { groupsTable } from './groups-table.ts';

function host(address: string, network: Partial<NetworkReport>): HostReport {
  return aReport({
    tunnel: { address, port: 4789, mtu: 1450 },
    networks: [
      {
        id: 'net-a',
        vni: 8_000_001,
        options: {},
        name: 'mynet',
        hosts: [],
        endpoints: [],
        joined: [],
        refused: [],
        groups: [],
        ...network,
      },
    ],
  });
}

const endpoint = (port: string, container: string) => ({
  id: port,
  port,
  address: '10.0.1.2/24',
  mac: '02:42:0a:00:01:02',
  container,
  carriesMulticast: true,
});

it('a group is one row over all hosts: who is a member, who sends, how much, who gets copies', () => {
  const group = '239.1.1.1';
  const joined = (port: string) => [{ bridge: 'cb8000001', port, group, mode: 'exclude' as const }];
  const groups = [{ group, mode: 'exclude' as const, sources: [] }];
  const rows = groupsTable(
    [
      host('10.9.0.1', { endpoints: [endpoint('cva', 'one')] }),
      host('10.9.0.2', { endpoints: [endpoint('cvb', 'two')], joined: joined('cvb'), groups }),
      host('10.9.0.3', { endpoints: [endpoint('cvc', 'three')], joined: joined('cvc'), groups }),
    ],
    [
      {
        host: '10.9.0.1',
        seconds: 2,
        flows: [{ port: 'cva', source: '10.0.1.2', group, packets: 100, bytes: 4000 }],
      },
    ],
  );
  expect(rows).toEqual([
    {
      network: 'mynet',
      group,
      sources: 'any',
      members: [
        { container: 'two', host: '10.9.0.2' },
        { container: 'three', host: '10.9.0.3' },
      ],
      senders: [{ container: 'one', host: '10.9.0.1', source: '10.0.1.2' }],
      packetsPerSecond: 50,
      bytesPerSecond: 2000,
      copiedTo: ['10.9.0.2', '10.9.0.3'],
    },
  ]);
});

it('a host that alone has members and senders gets no copy', () => {
  const [row] = groupsTable(
    [
      host('10.9.0.2', {
        endpoints: [endpoint('cvb', 'two')],
        joined: [{ bridge: 'cb8000001', port: 'cvb', group: '239.1.1.1', mode: 'exclude' }],
        groups: [{ group: '239.1.1.1', mode: 'exclude', sources: [] }],
      }),
    ],
    [
      {
        host: '10.9.0.2',
        seconds: 1,
        flows: [{ port: 'cvb', source: '10.0.1.3', group: '239.1.1.1', packets: 1, bytes: 60 }],
      },
    ],
  );
  expect(row?.copiedTo).toEqual([]);
});
