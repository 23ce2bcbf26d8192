import { expect, it } from 'vitest';
import type { PeerReport } from '../contract/report.ts';
import { aReport } from '../contract/testing/report.ts';
import { briefReport } from './brief.ts';
import { health } from './diagnosis/health.ts';

const peer = (nth: number): PeerReport => ({
  ...{ address: `10.9.${nth >> 8}.${nth & 255}`, state: 'up', since: 0, listed: true },
  networks: ['n'],
});

/** A host of a Swarm of so many, with one of which something is wrong. */
function among(hosts: number) {
  const peers = Array.from({ length: hosts }, (_, nth) => peer(nth));
  const lost: PeerReport = { ...peer(hosts), state: 'agent-down', fault: 'refused' };
  const network = { id: 'n', vni: 8_000_001, options: {}, endpoints: [], joined: [], refused: [] };
  const listed = { ...network, groups: [], hosts: peers.map((it) => it.address) };
  return aReport({ peers: [...peers, lost], networks: [listed] });
}

const size = (it: unknown): number => JSON.stringify(it).length;

it('what a host tells is as large in a Swarm of a thousand hosts as in one of ten', () => {
  expect(size(among(1000))).toBeGreaterThan(50_000);
  const [few, many] = [among(10), among(1000)].map((it) => size(briefReport(it)));
  expect(Math.abs((many ?? 0) - (few ?? 0))).toBeLessThan(10);
});

it('nothing that is wrong is left out', () => {
  const whole = among(1000);
  expect(health(whole)).not.toEqual([]);
  expect(health(briefReport(whole))).toEqual(health(whole));
});
