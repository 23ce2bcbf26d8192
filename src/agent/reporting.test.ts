import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ANSWERS } from '../contract/answers.ts';
import { FAULT_SUBJECTS } from '../contract/report.ts';
import { publishedFaults } from '../contract/testing/published.ts';
import { health } from '../core/diagnosis/health.ts';
import { bridgeName, portName } from '../core/names.ts';
import { parseOptions } from '../core/options.ts';
import type { Knowledge } from './knowledge.ts';
import { type About, hostReport } from './reporting.ts';
import { State } from './state.ts';

const directory = mkdtempSync(join(tmpdir(), 'castnet-reporting-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const ID = 'e'.repeat(64);
const PORT = portName(ID);

/** Every setting that a network takes. */
const { vni = 0, ...OPTIONS } = parseOptions({
  mtu: '1400',
  vni: '8000001',
  ipv6: 'fd00:1::/64',
  multicast: 'on',
  'multicast-route': '5',
  'source-check': 'on',
  'fast-path': 'off',
  'multicast-groups': '239.1.0.0/16,ff05::/16',
  'multicast-rate': '10mbit',
  'max-groups': '1',
});

/** What an agent knows that has everything. */
function everything(): Knowledge {
  const state = new State(directory);
  const subnets = { subnet: '10.0.1.0/24', otherSubnets: ['10.0.2.0/24'] };
  state.networks.set({ id: 'n', vni, ...subnets, options: OPTIONS });
  state.endpoints.set({
    ...{ id: ID, network: 'n', address: '10.0.1.5/24', mac: '02:42:0a:00:01:05', mtu: 1400 },
    ...{ sandbox: '/run/netns/x', carriesMulticast: true, staticRoutes: true, since: 0 },
    routeWish: { multicastRoute: true },
  });
  state.services.set({ id: ID, name: 'web', vip: '10.0.1.9', serving: true });
  const row = { bridge: bridgeName(vni), port: PORT };
  return {
    state,
    node: 'node1',
    tunnel: { address: '10.9.0.1', local: '192.168.0.1', port: 4789, mtu: 1450 },
    swarm: {
      networks: new Map([
        ['n', { id: 'n', name: 'net', hosts: ['10.9.0.1'], containers: new Map([[ID, 'web.1']]) }],
      ]),
      unanswered: new Set(),
    },
    peers: [
      {
        ...{
          address: '10.9.0.2',
          node: 'node2',
          tunnel: '10.9.0.2',
          state: 'agent-down',
          since: 5,
        },
        ...{ networks: new Map(), awaited: false, lastError: 'refused', fault: 'refused' },
        nodes: new Set(['node2']),
      },
    ],
    memberships: () => [
      { ...row, group: '239.1.0.1', mode: 'exclude' },
      { ...row, group: '239.1.0.2', mode: 'include' },
      { ...row, group: '239.1.0.2', source: '10.0.1.6', mode: 'include' },
    ],
    silenced: () => [{ port: PORT, count: 9, example: '239.1.0.3', reason: 'too fast' }],
    ephemeral: [],
    ephemeralNetworks: [],
  };
}

const ABOUT: About = {
  ...{ agent: '0.1.0', peerPort: 4790, dataPathPort: 4789, now: 1_700_000_000_000.5, startedAt: 1 },
  swarm: { id: 'c', role: 'manager', certificateFrom: 0, certificateUntil: 9e12 },
  lastChange: { at: 3, what: 'add: x' },
  refusedSteps: 1,
  tunnelDropped: { notByUnderlay: 1, notFromAHost: 2 },
  wireguard: undefined,
  problem: 'a problem',
  conflicts: ['two hosts claim 10.0.1.5'],
  faults: FAULT_SUBJECTS.map((subject) => ({ subject, what: 'no answer', since: 4 })),
  fastPath: { why: () => '', whyGroups: () => '', left: () => '', but: 'not IPv6: refused' },
  isQuiet: () => false,
};

it('a report of all there is fits the published schema, which names every field of it', () => {
  const report = JSON.parse(JSON.stringify(hostReport(everything(), ABOUT)));
  expect(report.networks[0].options).toEqual(OPTIONS);
  expect(publishedFaults('status', { ...report, problems: health(report) })).toEqual([]);
  expect(publishedFaults('networks', { version: 1, networks: report.networks })).toEqual([]);
  const [{ endpoints }] = report.networks;
  const printed = endpoints.map((it: object) => ({ network: 'net', ...it }));
  expect(publishedFaults('endpoints', { version: 1, endpoints: printed })).toEqual([]);
});

it('other hosts can use it', () => {
  const report = JSON.parse(JSON.stringify(hostReport(everything(), ABOUT)));
  expect(ANSWERS.report.parse(report)).toEqual(report);
});
