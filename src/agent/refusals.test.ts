import { beforeEach, expect, it } from 'vitest';
import type { HostReport } from '../contract/report.ts';
import { aReport } from '../contract/testing/report.ts';
import { Refusals } from './refusals.ts';

let now = 0;
let lines: object[] = [];
let refusals: Refusals;
beforeEach(() => {
  now = 0;
  lines = [];
  const warn = (fields: object) => lines.push(fields);
  refusals = new Refusals({ debug() {}, info() {}, warn, error() {} }, () => now);
});

function report(refused: { port: string; count: number }[]): HostReport {
  const network = { id: 'n', name: 'mynet', vni: 8_000_001, options: {}, hosts: [], groups: [] };
  const endpoint = {
    ...{ id: 'e', port: 'cva', address: '10.0.0.2/24', mac: '', container: 'web' },
    carriesMulticast: true,
  };
  const found = refused.map((it) => ({ ...it, example: '239.1.1.1', reason: 'too many' }));
  return aReport({
    networks: [{ ...network, endpoints: [endpoint], joined: [], refused: found }],
  });
}

it('names the container, how many groups, one of them, and why', () => {
  refusals.note(report([{ port: 'cva', count: 3 }]));
  const words = { count: 3, example: '239.1.1.1', reason: 'too many' };
  expect(lines).toEqual([{ network: 'mynet', container: 'web', ...words }]);
});

it('says the same once, and a change at most once a minute', () => {
  for (const count of [3, 3, 9]) refusals.note(report([{ port: 'cva', count }]));
  expect(lines).toHaveLength(1);
  now = 60_000;
  refusals.note(report([{ port: 'cva', count: 9 }]));
  refusals.note(report([{ port: 'cva', count: 9 }]));
  expect(lines).toHaveLength(2);
});

it('does not speak up each time when a container joins and leaves again and again', () => {
  for (; now < 60_000; now += 1_000) {
    refusals.note(report([]));
    refusals.note(report([{ port: 'cva', count: 1 }]));
  }
  expect(lines).toHaveLength(1);
});
