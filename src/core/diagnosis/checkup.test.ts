import { describe, expect, it } from 'vitest';
import type { HostReport } from '../../contract/report.ts';
import { aReport } from '../../contract/testing/report.ts';
import { checksOf, type FromDocker, type HostCheckup, type SwarmCheckup } from './checkup.ts';

const NOW = 1_000_000_000_000;
const DAY = 86_400_000;

function host(address: string, change: Partial<HostCheckup> = {}, about: Partial<HostReport> = {}) {
  const report = aReport({
    now: NOW,
    tunnel: { address, port: 4789, mtu: 1450 },
    swarm: {
      ...{ id: 'c', role: 'worker' },
      certificateFrom: NOW - 30 * DAY,
      certificateUntil: NOW + 60 * DAY,
    },
    ...about,
  });
  const it: HostCheckup = {
    ...{ version: 1, report, plan: [], vxlans: [], routes: [], clockAheadMs: 0 },
    ...change,
  };
  return it;
}

const NONE: FromDocker = { others: [], networks: [] };

function findings(hosts: HostCheckup[], rest: Partial<SwarmCheckup> = {}, docker = NONE) {
  const all = checksOf({ version: 1, hosts, silent: [], ...rest }, docker);
  return all.flatMap((it) => it.findings);
}

const codes = (...args: Parameters<typeof findings>) =>
  findings(...args).map(({ severity, code, host: at }) => `${severity} ${code} ${at ?? '-'}`);

describe('checks of all hosts', () => {
  it('find nothing where nothing is wrong', () => {
    const checks = checksOf(
      { version: 1, hosts: [host('10.9.0.1'), host('10.9.0.2')], silent: [] },
      NONE,
    );
    expect(checks.flatMap((it) => it.findings)).toEqual([]);
    expect(checks.map((it) => it.detail)).toContain(
      'TCP port 4790 is open between all of 2 hosts, both ways',
    );
  });

  it.each<[string, HostCheckup, string[]]>([
    ['another release', host('10.9.0.2', {}, { agent: '0.2.0' }), ['warning version-differs -']],
    ['a clock that is off', host('10.9.0.2', { clockAheadMs: -9000 }), ['warning clock 10.9.0.2']],
    [
      'a smaller MTU',
      host('10.9.0.2', {}, { tunnel: { address: '10.9.0.2', port: 4789, mtu: 1350 } }),
      ['error mtu-differs 10.9.0.2'],
    ],
    [
      'another port of the tunnels',
      host('10.9.0.2', {}, { tunnel: { address: '10.9.0.2', port: 7789, mtu: 1450 } }),
      ['error port-differs 10.9.0.2'],
    ],
    [
      'the Swarm’s port, as a worker heard it',
      host('10.9.0.2', {}, { dataPathPort: 7789 }),
      ['warning port-differs 10.9.0.2'],
    ],
    [
      'a kernel that differs',
      host('10.9.0.2', { plan: ['add: x'] }),
      ['warning kernel-differs 10.9.0.2'],
    ],
    [
      'a container without its route',
      host('10.9.0.2', {
        routes: [
          { endpoint: 'e', address: '10.0.0.2/24', there: false, dev: 'eth1' },
          { endpoint: 'f', address: '10.0.0.3/24', there: true },
          { endpoint: 'g', address: '10.0.0.4/24' },
        ],
      }),
      ['error multicast-route 10.9.0.2'],
    ],
  ])('name %s', (_name, other, expected) => {
    expect(codes([host('10.9.0.1'), other])).toEqual(expected);
  });

  it.each([
    ['expired', -1, ['error certificate-expired 10.9.0.1']],
    ['about to expire', DAY, ['warning certificate-expired 10.9.0.1']],
    ['in its time', 20 * DAY, []],
  ])('a certificate that is %s', (_name, left, expected) => {
    const swarm = {
      ...{ id: 'c', role: 'worker' as const },
      certificateFrom: NOW - 70 * DAY,
      certificateUntil: NOW + left,
    };
    expect(codes([host('10.9.0.1', {}, { swarm })])).toEqual(expected);
  });

  it('name a foreign device with the VNI of a network that some host or Docker knows', () => {
    const foreign = (vni: number, port = 4789) =>
      host('10.9.0.1', { vxlans: [{ dev: 'vx0', vni, port }] });
    const docker = { others: [], networks: [{ name: 'mynet', vni: 8_000_001 }] };
    expect(codes([foreign(8_000_001)], {}, docker)).toEqual(['error vni-conflict 10.9.0.1']);
    expect(codes([foreign(8_000_002)], {}, docker)).toEqual([]);
    expect(codes([foreign(8_000_001, 8472)], {}, docker)).toEqual([]);
  });

  it('tell once of a host that several others cannot reach, and say what Docker says', () => {
    const peer = (fault: 'refused' | 'unreachable') => ({
      ...{
        address: '10.9.0.3',
        state: 'silent' as const,
        fault,
        since: 0,
        listed: false,
        networks: [],
      },
    });
    const seen = (fault: 'refused' | 'unreachable') => [
      host('10.9.0.1', {}, { peers: [peer(fault)] }),
      host('10.9.0.2', {}, { peers: [peer(fault)] }),
    ];
    expect(codes(seen('refused'))).toEqual(['error agent-down 10.9.0.3']);
    expect(codes(seen('unreachable'))).toEqual(['error host-down 10.9.0.3']);
    const ready = { others: ['10.9.0.3'], networks: [] };
    // From each of the two: a firewall may stand between some only.
    expect(codes(seen('unreachable'), {}, ready)).toEqual([
      'error tcp-blocked 10.9.0.3',
      'error tcp-blocked 10.9.0.3',
    ]);
  });

  it('name a host that does not answer', () => {
    const silent = [{ address: '10.9.0.3', error: 'no answer' }];
    expect(codes([host('10.9.0.1')], { silent })).toEqual(['error agent-mute 10.9.0.3']);
  });
});
