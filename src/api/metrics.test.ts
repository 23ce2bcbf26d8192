import { expect, test } from 'vitest';
import type { DeviceCount } from '../contract/answers.ts';
import type { EndpointReport, HostReport } from '../contract/report.ts';
import { aReport } from '../contract/testing/report.ts';
import { Metrics } from './metrics.ts';
import type { Scrape } from './scraped.ts';

const endpoint = (id: string, container: string): EndpointReport => ({
  id,
  port: `cv${id}`,
  address: `10.0.0.${id.length}/24`,
  mac: '02:42:0a:00:00:02',
  container,
  carriesMulticast: true,
});

const device = (dev: string, sent: number, received: number): DeviceCount => ({
  dev,
  receivedBytes: received * 100,
  receivedPackets: received,
  receivedDropped: 0,
  sentBytes: sent * 100,
  sentPackets: sent,
  sentDropped: 3,
});

const report = (endpoints: EndpointReport[]): HostReport =>
  aReport({
    agent: '1.2.3',
    tunnelDropped: { notByUnderlay: 5, notFromAHost: 2 },
    peers: [{ address: '10.9.0.2', state: 'up', since: 0, listed: true, networks: ['n'] }],
    networks: [
      {
        ...{ id: 'n', name: 'net', vni: 8000001, options: {}, hosts: [], endpoints, joined: [] },
        refused: [{ port: 'cva', count: 7, example: '239.1.1.1', reason: 'too "many"\n' }],
        groups: [{ group: '239.0.0.1', mode: 'exclude', sources: [] }],
      },
    ],
  });

const scrape = (endpoints: EndpointReport[]): Scrape => ({
  report: report(endpoints),
  traffic: {
    at: 0,
    devices: [device('cva', 5, 9), device('cvbb', 1, 2), device('cx8000001', 20, 10)],
    flows: [
      { port: 'cva', source: '10.0.0.1', group: '239.0.0.1', packets: 4, bytes: 400 },
      { port: 'cva', source: '10.0.0.9', group: '239.0.0.1', packets: 1, bytes: 100 },
      { port: 'cvother', source: '10.0.0.9', group: '239.0.0.1', packets: 1, bytes: 100 },
    ],
    dropped: [{ vni: 8000001, packets: 11, bytes: 1100 }],
  },
  listeners: 2,
  certificateExpires: 1_800_000_000_000,
});

const lines = async (metrics: Metrics, of: Scrape): Promise<string[]> =>
  (await metrics.text(of)).text.split('\n');

test('says in the text format what the kernel counted and what the agent knows', async () => {
  const found = await lines(new Metrics(), scrape([endpoint('a', 'one'), endpoint('bb', 'two')]));
  for (const line of [
    'castnet_build_info{version="1.2.3"} 1',
    'castnet_in_swarm 1',
    'castnet_peers{state="up"} 1',
    'castnet_peers{state="silent"} 0',
    'castnet_sessions 2',
    'castnet_tunnel_refused_packets_total{reason="not-by-underlay"} 5',
    'castnet_tunnel_refused_packets_total{reason="not-from-a-host"} 2',
    'castnet_certificate_expiry_timestamp_seconds 1800000000',
    // A container has sent what its port received.
    'castnet_container_sent_packets_total{network="net",container="one"} 9',
    'castnet_container_received_bytes_total{network="net",container="two"} 100',
    'castnet_tunnel_sent_packets_total{network="net"} 20',
    'castnet_group_sent_packets_total{network="net",group="239.0.0.1",container="one"} 5',
    'castnet_dropped_packets_total{network="net",reason="settings"} 11',
    'castnet_dropped_packets_total{network="net",reason="container"} 6',
    'castnet_dropped_packets_total{network="net",reason="tunnel-out"} 3',
    'castnet_groups_refused{network="net",container="one",reason="too \\"many\\"\\n"} 7',
    'castnet_reconcile_steps_total{action="refused",entry="any"} 0',
  ]) {
    expect(found).toContain(line);
  }
});

test('asked twice, a counter says the same, and a container that is gone is in it no more', async () => {
  const metrics = new Metrics();
  const all = scrape([endpoint('a', 'one'), endpoint('bb', 'two')]);
  const traffic = (text: string) => text.startsWith('castnet_');
  const first = (await lines(metrics, all)).filter(traffic);
  expect((await lines(metrics, all)).filter(traffic)).toEqual(first);
  const later = await lines(metrics, scrape([endpoint('bb', 'two')]));
  expect(later.filter((it) => it.includes('"one"'))).toEqual([]);
  expect(later.filter((it) => it.includes('"two"'))).not.toEqual([]);
});

test('what was measured stays over the answers', async () => {
  const metrics = new Metrics();
  metrics.told(4);
  metrics.forwarded(30);
  metrics.looked(70);
  metrics.changed(
    12,
    [{ action: 'add', fact: { kind: 'port', dev: 'cva', bridge: 'cb1', settled: true } }],
    2,
  );
  await lines(metrics, scrape([]));
  const found = await lines(metrics, scrape([]));
  for (const line of [
    'castnet_join_seconds_bucket{le="0.005",stage="told"} 1',
    'castnet_join_seconds_bucket{le="0.02",stage="forwarded"} 0',
    'castnet_join_seconds_count{stage="forwarded"} 1',
    'castnet_reconcile_seconds_sum{kind="look"} 0.07',
    'castnet_reconcile_steps_total{action="add",entry="port"} 1',
    'castnet_reconcile_steps_total{action="refused",entry="any"} 2',
  ]) {
    expect(found).toContain(line);
  }
});

test('no label is of another host’s words', async () => {
  const all = scrape([endpoint('a', 'one')]);
  const peer = { address: '10.9.0.2', state: 'other' as 'up', since: 0, listed: true };
  const words = { node: 'evil', lastError: 'evil', networks: ['evil'], tunnel: 'evil' };
  const report = {
    ...{ ...all.report, conflicts: ['evil'], peers: [{ ...peer, ...words }] },
    faults: [{ subject: 'records' as const, what: 'evil', since: 0 }],
  };
  const found = await lines(new Metrics(), { ...all, report });
  expect(found.filter((it) => it.includes('evil'))).toEqual([]);
});
