import { expect, it } from 'vitest';
import type { Fact } from './facts.ts';
import { leadsAway, staleFacts } from './stale-facts.ts';

const left: Fact[] = [
  { kind: 'copy', dev: 'cx8000001', mac: '01:00:5e:01:01:01', to: '10.9.0.2' },
  { kind: 'copy', dev: 'cx8000001', mac: '01:00:5e:02:02:02', to: '10.9.0.3' },
  { kind: 'member', bridge: 'cb8000001', dev: 'cx8000001', group: '239.1.1.1', settled: true },
  { kind: 'member', bridge: 'cb8000001', dev: 'cx8000001', group: '239.2.2.2', settled: true },
  { kind: 'route', dev: 'cx8000001', mac: '02:42:0a:00:00:02', to: '10.9.0.2' },
  { kind: 'station', bridge: 'cb8000001', dev: 'cx8000001', mac: '02:42:0a:00:00:02' },
  { kind: 'neighbour', dev: 'cb8000001', ip: '10.0.0.2', mac: '02:42:0a:00:00:02' },
];

const vnis = new Set([8_000_001]);

it('everything stays while no host was heard', () => {
  expect(new Set(staleFacts(left, { heard: new Set(), vnis }))).toEqual(new Set(left));
});

it('what leads to a host that was heard, and what hangs on it, is no longer kept', () => {
  const kept = staleFacts(left, { heard: new Set(['10.9.0.2']), vnis });
  expect(kept).toEqual([left[1], left[3]]);
});

it('nothing of a network that is no longer here is kept', () => {
  expect(staleFacts(left, { heard: new Set(), vnis: new Set() })).toEqual([]);
});

it('local ports and their stations are never stale: this host knows them itself', () => {
  const own: Fact[] = [
    { kind: 'bridge', dev: 'cb8000001', mac: '02:ca:00:00:00:01', mtu: 1450, settled: true },
    { kind: 'port', dev: 'cva', bridge: 'cb8000001', settled: true },
    { kind: 'station', bridge: 'cb8000001', dev: 'cva', mac: '02:42:0a:00:00:09' },
  ];
  expect(own.filter(leadsAway)).toEqual([]);
  expect(left.every(leadsAway)).toBe(true);
});
