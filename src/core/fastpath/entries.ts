import ipaddr from 'ipaddr.js';
import type { FastFact } from './facts.ts';
import { groupBytes, groupText } from './group-bytes.ts';
import { type GroupFact, MOST_TARGETS } from './groups.ts';

/** Entries of the maps as bytes: the structs of bpf/fastpath.c, on processors that are little-endian. */
export const MAPS = ['self', 'hosts', 'ports', 'stations', 'groups'] as const;
export type MapName = (typeof MAPS)[number];

export interface Entry {
  readonly map: MapName;
  readonly key: readonly number[];
  readonly value: readonly number[];
}

export type EntryFact = Exclude<FastFact, { kind: 'filter' }>;

const SELF_KEY = [0, 0, 0, 0];
/** What says of `self` that there is none: an array's entry cannot be removed. */
export const NO_SELF: Entry = { map: 'self', key: SELF_KEY, value: new Array(16).fill(0) };

const u16 = (it: number): number[] => [it & 255, (it >> 8) & 255];
const u32 = (it: number): number[] => [...u16(it & 0xffff), ...u16(it >>> 16)];
const be16 = (it: number): number[] => u16(it).reverse();
const ipv4 = (it: string): number[] => it.split('.').map(Number);
const mac = (it: string): number[] => it.split(':').map((byte) => Number.parseInt(byte, 16));

export function entryOf(fact: EntryFact): Entry {
  switch (fact.kind) {
    case 'self': {
      const { address, port, ipv6, inside, outside } = fact;
      const value = [ipv4(address), be16(port), u16(ipv6 ? 1 : 0), u32(inside), u32(outside)];
      return { map: 'self', key: SELF_KEY, value: value.flat() };
    }
    case 'way':
      return { map: 'hosts', key: ipv4(fact.host), value: [...ipv4(fact.hop), ...u32(fact.card)] };
    case 'port': {
      const { port, vni, ip, ip6 } = fact;
      const six = ip6 === undefined ? new Array(16).fill(0) : ipaddr.parse(ip6).toByteArray();
      const flag = u16(ip6 === undefined ? 0 : 1);
      const value = [mac(fact.mac), flag, u32(vni), ipv4(ip), six].flat();
      return { map: 'ports', key: u32(port), value };
    }
    case 'here':
      return { ...station(fact), value: [...u32(fact.port), 0, 0, 0, 0] };
    case 'there':
      return { ...station(fact), value: [0, 0, 0, 0, ...ipv4(fact.host)] };
    case 'group':
      return groupEntry(fact);
  }
}

/** @throws Error when it has more targets than an entry */
function groupEntry({ vni, group, ports, hosts }: GroupFact): Entry {
  if (Math.max(ports.length, hosts.length) > MOST_TARGETS)
    throw new Error(`${group} has more than ${MOST_TARGETS} targets`);
  const key = [...u32(vni), ...groupBytes(group)];
  const counts = [...u16(ports.length), ...u16(hosts.length)];
  const [here, away] = [ports.flatMap(u32), hosts.flatMap(ipv4)];
  const sum = mixed([...key, ...counts, ...here, ...away]);
  const room = (used: readonly number[]) =>
    new Array<number>(4 * MOST_TARGETS - used.length).fill(0);
  // The struct is aligned to eight bytes.
  const value = [u32(sum), counts, here, room(here), away, room(away)].flat();
  return { map: 'groups', key, value };
}

/** `mixed` of bpf/groups.h, of words of four bytes. */
function mixed(bytes: readonly number[]): number {
  const words = new DataView(Uint8Array.from(bytes).buffer);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4)
    sum = (((sum << 5) | (sum >>> 27)) + words.getUint32(at, true)) >>> 0;
  return sum;
}

/** One with a sum or counts that are wrong has no targets, as none that is wanted: it goes, or is written anew. */
function groupOf(key: readonly number[], value: readonly number[]): GroupFact {
  const at = new DataView(Uint8Array.from(value).buffer);
  const [ports, hosts] = [at.getUint16(4, true), at.getUint16(6, true)];
  const none: GroupFact = {
    kind: 'group',
    vni: new DataView(Uint8Array.from(key).buffer).getUint32(0, true),
    group: groupText(key.slice(4)),
    ...{ ports: [], hosts: [] },
  };
  if (Math.max(ports, hosts) > MOST_TARGETS) return none;
  const fact: GroupFact = {
    ...none,
    ports: Array.from({ length: ports }, (_, nth) => at.getUint32(8 + 4 * nth, true)),
    hosts: Array.from({ length: hosts }, (_, nth) => {
      const from = 8 + 4 * (MOST_TARGETS + nth);
      return value.slice(from, from + 4).join('.');
    }),
  };
  return String(groupEntry(fact).value) === String(value) ? fact : none;
}

const station = (it: { vni: number; mac: string }) => ({
  map: 'stations' as const,
  key: [...u32(it.vni), ...mac(it.mac), 0, 0],
});

/** The fact of an entry; undefined of `NO_SELF`. */
export function factOf({ map, key, value }: Entry): EntryFact | undefined {
  const at = new DataView(Uint8Array.from(value).buffer);
  const keyAt = new DataView(Uint8Array.from(key).buffer);
  const number = (from: number): number => at.getUint32(from, true);
  const address = (from: number): string => value.slice(from, from + 4).join('.');
  switch (map) {
    case 'self':
      if (number(0) === 0) return undefined;
      return {
        kind: 'self',
        address: address(0),
        port: at.getUint16(4),
        ipv6: at.getUint16(6, true) !== 0,
        inside: number(8),
        outside: number(12),
      };
    case 'hosts':
      return { kind: 'way', host: key.join('.'), hop: address(0), card: number(4) };
    case 'ports':
      return {
        kind: 'port',
        port: keyAt.getUint32(0, true),
        vni: number(8),
        mac: macText(value.slice(0, 6)),
        ip: address(12),
        ...(at.getUint16(6, true) === 0
          ? {}
          : { ip6: ipaddr.fromByteArray(value.slice(16)).toString() }),
      };
    case 'stations': {
      const what = { vni: keyAt.getUint32(0, true), mac: macText(key.slice(4, 10)) };
      return number(0) === 0
        ? { kind: 'there', ...what, host: address(4) }
        : { kind: 'here', ...what, port: number(0) };
    }
    case 'groups':
      return groupOf(key, value);
  }
}

const hex = (it: number): string => it.toString(16).padStart(2, '0');
const macText = (bytes: readonly number[]): string => bytes.map(hex).join(':');
