import { expect, it } from 'vitest';
import type { NetworkRecord } from '../records.ts';
import {
  GONE_MOST,
  NO_TOMBSTONES,
  type Tombstones,
  tombstones,
  withRefusals,
} from './tombstones.ts';

const NET = 'n1';
const network = { id: NET, vni: 8_000_001, subnet: '10.0.0.0/16', options: {} };

const service = { name: 'web', vip: '10.0.0.9', serving: true };

const has = (...ips: string[]): ReadonlyMap<string, NetworkRecord> =>
  new Map([
    [
      NET,
      {
        vni: 8_000_001,
        endpoints: ips.map((ip) => ({ id: ip, ip, mac: '', service })),
        groups: [],
      },
    ],
  ]);

type Said = Record<string, ReadonlyMap<string, NetworkRecord> | undefined>;

/** What is gone after the hosts said all this, one after the other. */
function after(...said: readonly Said[]): readonly string[] {
  let known: Tombstones = NO_TOMBSTONES;
  for (const it of said) {
    const words = Object.entries(it).map(([node, networks]) => ({ node, networks }));
    known = tombstones(known, words, [network]);
  }
  return known.gone.get(NET) ?? [];
}

it('knows whom a host no longer names, also when it has left the network with its last one', () => {
  const both = { a: has('10.0.0.2', '10.0.0.3'), b: has('10.0.0.4') };
  expect(after(both)).toEqual([]);
  expect(after(both, { ...both, a: has('10.0.0.3') })).toEqual(['10.0.0.2']);
  expect(after(both, { ...both, b: new Map() })).toEqual(['10.0.0.4']);
});

it('says nothing of a host that is silent, and believes it again as it speaks', () => {
  const first = { a: has('10.0.0.2'), b: has('10.0.0.4', '10.0.0.5') };
  const silent = { ...first, b: undefined };
  expect(after(first, silent)).toEqual([]);
  expect(after(first, silent, first)).toEqual([]);
  expect(after(first, silent, { ...first, b: has('10.0.0.5') })).toEqual(['10.0.0.4']);
  expect(after(first, { a: first.a }), 'a host that is no more').toEqual([]);
});

it('an address that someone has again is not refused, whoever has it', () => {
  const first = { a: has('10.0.0.2'), b: has('10.0.0.4') };
  const gone = { ...first, a: has() };
  expect(after(first, gone)).toEqual(['10.0.0.2']);
  expect(after(first, gone, { ...gone, b: has('10.0.0.2', '10.0.0.4') })).toEqual([]);
  expect(after(first, { a: has(), b: has('10.0.0.2', '10.0.0.4') }), 'moved').toEqual([]);
});

it('does not refuse what is no address of the network, whoever said that it had it', () => {
  expect(after({ a: has('8.8.8.8') }, { a: has() })).toEqual([]);
});

it('leaves alone what was no task', () => {
  const plain = { id: 'e', ip: '10.0.0.2', mac: '' };
  const record = { vni: 8_000_001, endpoints: [plain], groups: [] };
  expect(after({ a: new Map([[NET, record]]) }, { a: has() })).toEqual([]);
});

it('knows a task whose container goes a moment later', () => {
  const plain = { id: 'e', ip: '10.0.0.2', mac: '' };
  const left = new Map([[NET, { vni: 8_000_001, endpoints: [plain], groups: [] }]]);
  expect(after({ a: has('10.0.0.2') }, { a: left })).toEqual([]);
  expect(after({ a: has('10.0.0.2') }, { a: left }, { a: has() })).toEqual(['10.0.0.2']);
});

it('remembers the latest of many', () => {
  const many = Array.from({ length: GONE_MOST + 1 }, (_, nth) => `10.0.1.${nth}`);
  const steps = many.map((_, nth) => ({ a: has(...many.slice(nth)) }));
  const gone = after(...steps, { a: has() });
  expect(gone).toEqual(many.slice(1));
});

it('is part of the services where there are any, but for an address that is a service’s now', () => {
  const web = { name: 'web', vip: '10.0.0.9', serving: ['10.0.0.2'], draining: [] };
  expect(withRefusals([], ['10.0.0.4'])).toEqual([]);
  expect(withRefusals([web], ['10.0.0.4', '10.0.0.9'])).toEqual([
    web,
    { name: '', vip: '10.0.0.4', serving: [], draining: [] },
  ]);
});
