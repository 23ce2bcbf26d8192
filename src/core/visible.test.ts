import { expect, it } from 'vitest';
import { aReport } from '../contract/testing/report.ts';
import {
  visibleBalance,
  visibleCheckup,
  visibleFlows,
  visibleLive,
  visibleReport,
} from './visible.ts';

const endpoint = (id: string) => ({
  ...{ id, port: `cv${id}`, address: `10.0.0.${id}/24`, mac: '02:42:0a:00:00:02' },
  carriesMulticast: true,
});
const network = (id: string, vni: number, ...endpoints: string[]) => ({
  ...{ id, vni, name: `name-${id}`, options: {}, hosts: [], joined: [], refused: [], groups: [] },
  endpoints: endpoints.map(endpoint),
});
const REPORT = aReport({
  lastChange: { at: 1, what: 'secret' },
  conflicts: ['secret'],
  faults: [{ subject: 'rules', what: 'secret', since: 1 }],
  peers: ['10.9.0.2', '10.9.0.3'].map((address, at) => ({
    ...{ address, state: 'up' as const, since: 0, listed: true },
    networks: at === 0 ? ['shared', 'secret'] : ['secret'],
  })),
  networks: [network('shared', 8_000_001, '2'), network('secret', 8_000_002, '3')],
});
const SHARED = new Set(['shared']);
const flow = (port: string) => ({
  ...{ port, source: '10.0.0.2', group: '239.1.1.1', packets: 1, bytes: 1 },
});
const dropped = [8_000_001, 8_000_002].map((vni) => ({ vni, packets: 1, bytes: 1 }));

it('a worker is told of no network that it has not itself', () => {
  const told = visibleReport(REPORT, SHARED);
  expect(JSON.stringify(told)).not.toContain('secret');
  expect(told.networks.map((it) => it.id)).toEqual(['shared']);
  expect(told.peers).toMatchObject([{ address: '10.9.0.2', networks: ['shared'] }]);
  expect(told.faults).toMatchObject([{ subject: 'rules', what: 'what it is, managers are told' }]);
});

it('a manager is told all, and so is who has all networks of the host', () => {
  expect(visibleReport(REPORT, 'all')).toBe(REPORT);
  expect(visibleReport(REPORT, new Set(['shared', 'secret']))).toBe(REPORT);
});

it('nor does what was measured, balanced or looked at tell of it', () => {
  const flows = { host: '10.9.0.1', seconds: 1, flows: ['cv2', 'cv3'].map(flow), dropped };
  expect(visibleFlows(flows, REPORT, SHARED)).toEqual({
    ...flows,
    flows: [flow('cv2')],
    dropped: dropped.slice(0, 1),
  });
  const service = (id: string, vip: string) => ({ network: id, name: id, vip });
  const counted = (vip: string) => ({
    vip,
    task: '10.0.0.9',
    connections: 1,
    packets: 1,
    bytes: 1,
  });
  const balance = visibleBalance(
    {
      services: [service('shared', '10.0.0.7'), service('secret', '10.0.1.7')],
      counts: ['10.0.0.7', '10.0.1.7'].map(counted),
    },
    SHARED,
  );
  expect(balance).toEqual({
    services: [service('shared', '10.0.0.7')],
    counts: [counted('10.0.0.7')],
  });
  const device = (dev: string) => ({
    ...{ dev, receivedBytes: 1, receivedPackets: 1, receivedDropped: 0 },
    ...{ sentBytes: 1, sentPackets: 1, sentDropped: 0 },
  });
  const devs = ['cv2', 'cv3', 'cx8000001', 'cx8000002'];
  const traffic = { at: 0, devices: devs.map(device), flows: ['cv2', 'cv3'].map(flow), dropped };
  const events = [{ id: '1', at: 0, level: 'info' as const, text: 'secret' }];
  const live = visibleLive({ name: 'h1', report: REPORT, traffic, events }, SHARED);
  expect(JSON.stringify(live)).not.toContain('secret');
  expect(live.traffic.devices.map((it) => it.dev)).toEqual(['cv2', 'cx8000001']);
  const route = (id: string) => ({ endpoint: id, address: `10.0.0.${id}/24`, there: true });
  const checkup = visibleCheckup(
    { version: 1, report: REPORT, plan: ['secret'], vxlans: [], routes: ['2', '3'].map(route) },
    SHARED,
  );
  expect(JSON.stringify(checkup)).not.toContain('secret');
  expect(checkup.plan).toHaveLength(1);
  expect(checkup.routes.map((it) => it.endpoint)).toEqual(['2']);
});
