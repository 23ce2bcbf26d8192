import { describe, expect, it } from 'vitest';
import type { NetworkRecord } from '../records.ts';
import { type Candidate, partners } from './partners.ts';

const VNI = 8_000_001;
const encrypted = { id: 'secret', vni: VNI, options: { encrypted: true } };
const plain = { id: 'plain', vni: VNI + 1, options: {} };
const has = (change: Partial<NetworkRecord> = {}): NetworkRecord => ({
  ...{ vni: VNI, encrypted: true, endpoints: [], groups: [] },
  ...change,
});
const peer = (n: number, change: Partial<Candidate> = {}): Candidate => ({
  ...{ address: `10.9.0.${n}`, tunnel: `10.9.0.${n}`, node: `node${n}`, state: 'up' },
  wireguard: { key: `key${n}`, port: 51890 },
  networks: new Map([['secret', has()]]),
  ...change,
});
const of = (peers: Candidate[], holders: Record<string, string> = {}) => {
  const input = { networks: [encrypted, plain], key: 'own' };
  const found = partners({ ...input, peers, holders: new Map(Object.entries(holders)) });
  return { able: found.able.map((it) => it.tunnel), unable: found.unable };
};

it('who shares an encrypted network and has told a key is a partner', () => {
  expect(of([peer(3), peer(2)])).toEqual({ able: ['10.9.0.2', '10.9.0.3'], unable: [] });
});

it('who shares a plain network only is none, and nothing is said of it', () => {
  const networks = new Map([['plain', has({ vni: VNI + 1 })]]);
  expect(of([peer(2, { networks })])).toEqual({ able: [], unable: [] });
});

describe('is sent nothing, and is named', () => {
  const { wireguard: _, ...keyless } = peer(2);
  const { encrypted: _no, ...inClear } = has();
  it.each([
    ['who has told no key', keyless, 'told no key'],
    [
      'who has it in clear',
      peer(2, { networks: new Map([['secret', inClear]]) }),
      'without encryption',
    ],
    [
      'who names this host’s key',
      peer(2, { wireguard: { key: 'own', port: 1 } }),
      'this host’s own key',
    ],
  ])('%s', (_what, it, words) => {
    expect(of([it, peer(3)])).toEqual({
      able: ['10.9.0.3'],
      unable: [expect.stringContaining(words)],
    });
  });
});

it('of two that name one key, who has it keeps it', () => {
  const twins = [
    peer(2, { wireguard: { key: 'k', port: 1 } }),
    peer(3, { wireguard: { key: 'k', port: 1 } }),
  ];
  for (const holder of ['10.9.0.2', '10.9.0.3']) {
    for (const list of [twins, [...twins].reverse()]) {
      const { able, unable } = of(list, { k: holder });
      expect(able).toEqual([holder]);
      expect(unable).toEqual([expect.stringContaining(`that host ${holder} has`)]);
    }
  }
});

it('a node that is reached at two addresses is one partner, by its newer word', () => {
  const old = peer(2, {
    address: '10.8.0.2',
    state: 'agent-down',
    wireguard: { key: 'old', port: 1 },
  });
  const found = partners({
    ...{ peers: [old, peer(2)], networks: [encrypted], key: 'own', holders: new Map() },
  });
  expect(found.able.map((it) => it.wireguard.key)).toEqual(['key2']);
  expect(found.unable).toEqual([]);
});

it('that a host is about to have a key counts while nobody else has it, or is about to', () => {
  const next = (n: number, key: string) =>
    peer(n, { wireguard: { key: `key${n}`, port: 1, next: key } });
  const told = (peers: Candidate[]) =>
    partners({
      ...{ peers, networks: [encrypted], key: 'own', next: 'own2', holders: new Map() },
    }).able.map((it) => it.wireguard.next);
  expect(told([next(2, 'k'), peer(3)])).toEqual(['k', undefined]);
  expect(told([next(2, 'key3'), peer(3)])).toEqual([undefined, undefined]);
  expect(told([next(2, 'k'), next(3, 'k')])).toEqual([undefined, undefined]);
  expect(told([next(2, 'own'), next(3, 'own2')])).toEqual([undefined, undefined]);
});
