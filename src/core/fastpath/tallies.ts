import { groupText } from './group-bytes.ts';

/** What the programs of the fast path counted: bpf/tallies.h, and `counts` of bpf/fastpath.c. */
export interface FastTallies {
  /** What containers said to groups, by the port's index. */
  readonly flows: readonly (Tally & { readonly port: number; readonly group: string })[];
  /** What containers were given. */
  readonly given: readonly (Tally & { readonly port: number })[];
  /** What networks of this host exchanged with other hosts. */
  readonly hosts: readonly Exchange[];
  readonly counts: Readonly<Record<FastCount, number>>;
}

export interface Tally {
  readonly packets: number;
  /** With Ethernet headers. */
  readonly bytes: number;
}

export interface Exchange {
  readonly vni: number;
  readonly host: string;
  readonly sent: Tally;
  readonly received: Tally;
}

/** `enum count` of bpf/fastpath.c, in its order. */
export const FAST_COUNTS = [
  ...(['sent', 'received', 'neighbours', 'left', 'came', 'lost'] as const),
  ...(['grouped', 'copied', 'missed'] as const),
] as const;
export type FastCount = (typeof FAST_COUNTS)[number];

export const TALLY_MAPS = ['counts', 'flows', 'given', 'peers'] as const;
export type TallyMap = (typeof TALLY_MAPS)[number];

/** An entry of such a map: its key, and its value on each processor, as bytes. */
export interface TallyEntry {
  readonly key: readonly number[];
  readonly values: readonly (readonly number[])[];
}

export function talliesOf(maps: Readonly<Record<TallyMap, readonly TallyEntry[]>>): FastTallies {
  const counts = new Map(maps.counts.map((it) => [u32(it.key, 0), sum(it, 0)]));
  return {
    flows: maps.flows.map((it) => ({
      ...{ port: u32(it.key, 0), group: groupText(it.key.slice(4)) },
      ...tallyAt(it, 0),
    })),
    given: maps.given.map((it) => ({ port: u32(it.key, 0), ...tallyAt(it, 0) })),
    hosts: maps.peers.map((it) => ({
      ...{ vni: u32(it.key, 0), host: it.key.slice(4, 8).join('.') },
      ...{ sent: tallyAt(it, 0), received: tallyAt(it, 16) },
    })),
    counts: Object.fromEntries(FAST_COUNTS.map((it, at) => [it, counts.get(at) ?? 0])) as Record<
      FastCount,
      number
    >,
  };
}

/** Entries of ports and networks that are not there any more. */
export function goneTallies(
  maps: Readonly<Record<TallyMap, readonly TallyEntry[]>>,
  isThere: { port(index: number): boolean; vni(vni: number): boolean },
): { map: TallyMap; key: readonly number[] }[] {
  const gone = (map: TallyMap, is: (id: number) => boolean) =>
    maps[map].flatMap(({ key }) => (is(u32(key, 0)) ? [] : [{ map, key }]));
  return [
    ...gone('flows', isThere.port),
    ...gone('given', isThere.port),
    ...gone('peers', isThere.vni),
  ];
}

const u32 = (bytes: readonly number[], at: number): number =>
  [3, 2, 1, 0].reduce((sum, nth) => sum * 256 + (bytes[at + nth] ?? 0), 0);

/** A number of eight bytes; of a counter it is exact to 2^53, which no host reaches. */
const sum = ({ values }: TallyEntry, at: number): number =>
  values.reduce((all, it) => all + u32(it, at) + u32(it, at + 4) * 2 ** 32, 0);

const tallyAt = (it: TallyEntry, at: number): Tally => ({
  packets: sum(it, at),
  bytes: sum(it, at + 8),
});
