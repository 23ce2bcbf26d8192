import type { Entry } from '../../core/fastpath/entries.ts';
import type { FastFact } from '../../core/fastpath/facts.ts';

/** Lines for `bpftool batch` and `tc -batch`. */

const hex = (bytes: readonly number[]): string =>
  bytes.map((it) => it.toString(16).padStart(2, '0')).join(' ');

/** A key, as bpftool's `map` takes it. */
export const keyLine = (key: readonly number[]): string => `key hex ${hex(key)}`;

/** @param maps directory of the pinned maps */
export const updateLine = (maps: string, { map, key, value }: Entry): string =>
  `map update pinned ${maps}/${map} key hex ${hex(key)} value hex ${hex(value)}`;

/** The same of a map that is not pinned, by the kernel's number of it. */
export const updateIdLine = (id: number, { key, value }: Entry): string =>
  `map update id ${id} key hex ${hex(key)} value hex ${hex(value)}`;

export const deleteLine = (maps: string, { map, key }: Entry): string =>
  `map delete pinned ${maps}/${map} key hex ${hex(key)}`;

type Filter = FastFact & { kind: 'filter' };

/** Makes the hook at which filters are. */
export const hookLine = ({ dev }: Pick<Filter, 'dev'>): string => `qdisc add dev ${dev} clsact`;

/** @param programs directory of the pinned programs */
export const attachLine = (programs: string, { dev, program }: Omit<Filter, 'id'>): string =>
  `filter replace dev ${dev} ingress pref 1 handle 1 bpf direct-action object-pinned ${programs}/${program}`;

export const detachLine = ({ dev }: Pick<Filter, 'dev'>): string =>
  `filter del dev ${dev} ingress pref 1`;

/** The hook goes, with all that is at it. */
export const unhookLine = ({ dev }: Pick<Filter, 'dev'>): string => `qdisc del dev ${dev} clsact`;
