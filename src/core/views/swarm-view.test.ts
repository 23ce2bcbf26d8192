import { expect, test } from 'vitest';
import type { HostLive } from '../../contract/answers.ts';
import type { NetworkReport } from '../../contract/report.ts';
import { aReport } from '../../contract/testing/report.ts';
import { type LiveAnswer, swarmView } from './swarm-view.ts';

const endpoint = (port: string, n: number) => ({
  ...{ id: port.slice(2), port, address: `10.0.0.${n}/24`, mac: `02:42:0a:00:00:0${n}` },
  ...{ container: `c${n}`, carriesMulticast: true },
});

function host(n: number, at: number, sent: number): HostLive {
  const port = `cva${n}`;
  const joined = [{ bridge: 'cb8000001', port, group: '239.0.0.1', mode: 'exclude' as const }];
  const network: NetworkReport = {
    ...{ id: 'n', name: 'net', vni: 8000001, options: {}, hosts: [], refused: [], joined },
    endpoints: [endpoint(port, n)],
    groups: [{ group: '239.0.0.1', mode: 'exclude', sources: [] }],
  };
  return {
    name: `host${n}`,
    report: aReport({
      networks: [network],
      tunnel: { address: `10.9.0.${n}`, port: 4789, mtu: 1500 },
    }),
    traffic: {
      at,
      devices: [
        {
          ...{ dev: port, receivedBytes: sent * 100, receivedPackets: sent, receivedDropped: 0 },
          ...{ sentBytes: 0, sentPackets: 0, sentDropped: 0 },
        },
      ],
      flows:
        n === 1
          ? [{ port, source: '10.0.0.1', group: '239.0.0.1', packets: sent, bytes: sent * 100 }]
          : [],
      dropped: [{ vni: 8000001, packets: sent, bytes: 0 }],
    },
    events: [],
  };
}

const answer = (...hosts: HostLive[]): LiveAnswer => ({ hosts, silent: [] });
const none = { troubles: () => [], names: new Map() };

test('two looks give rates by each host’s own clock, and the tree of a group', () => {
  const before = answer(host(1, 1000, 50), host(2, 70_000, 0));
  const view = swarmView(answer(host(1, 3000, 250), host(2, 72_000, 0)), before, none);
  expect(view.hosts.map((it) => it.name)).toEqual(['host1', 'host2']);
  expect(view.containers.map((it) => [it.name, it.host, it.sentBytes])).toEqual([
    ['c1', 0, 10_000],
    ['c2', 1, 0],
  ]);
  expect(view.networks).toMatchObject([{ name: 'net', bytes: 10_000, packets: 100, dropped: 100 }]);
  expect(view.groups).toMatchObject([
    {
      group: '239.0.0.1',
      senders: [0],
      members: [0, 1],
      copiedTo: [1],
      bytes: 10_000,
      packets: 100,
    },
  ]);
});

test('without an earlier look nothing has a rate, and nobody is a sender', () => {
  const view = swarmView(answer(host(1, 3000, 250)), undefined, none);
  expect(view.containers[0]?.sentBytes).toBe(0);
  expect(view.groups[0]).toMatchObject({ senders: [], members: [0], bytes: 0 });
});

test('an agent that was started anew has no rate, not a negative one', () => {
  const view = swarmView(answer(host(1, 500, 10)), answer(host(1, 90_000, 1000)), none);
  expect(view.networks[0]).toMatchObject({ bytes: 0, dropped: 0 });
  // Its clock went on, but a counter began anew: it says what came since.
  const later = swarmView(answer(host(1, 92_000, 10)), answer(host(1, 90_000, 1000)), none);
  expect(later.groups[0]).toMatchObject({ packets: 5 });
  expect(later.networks[0]).toMatchObject({ bytes: 0 });
});

test('hosts are sorted by number, and one that is silent comes last, with its reason', () => {
  const now = {
    hosts: [host(9, 1, 0), host(2, 1, 0)],
    silent: [{ address: '10.9.0.1', error: 'no' }],
  };
  const view = swarmView(now, undefined, {
    troubles: () => ['broken'],
    names: new Map([['10.9.0.1', 'host1']]),
  });
  expect(view.hosts.map((it) => [it.name, it.silent])).toEqual([
    ['host2', undefined],
    ['host9', undefined],
    ['host1', 'no'],
  ]);
  expect(view.hosts[0]?.troubles).toEqual(['broken']);
  expect(view.hosts[2]?.troubles).toEqual([]);
});
