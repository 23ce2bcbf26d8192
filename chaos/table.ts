/** What a chaos run found, as a table. Pure. */
import Table from 'cli-table3';
import { KINDS, type Seen } from './canary.ts';

/** One fault, and what came of it. */
export type Row = {
  fault: string;
  victim: string;
  /** From the fault's end until every pair hears each other, milliseconds; Infinity if never. */
  recoveryMs: number;
  /** What was right last, in words; empty when nothing was wrong. */
  last: string;
  /** Packets between containers that lived through it. */
  lost: number;
  /** Of these, packets between hosts that the fault did not touch. */
  lostElsewhere: number;
  /** Calls of the service's virtual address that failed, of containers that lived through it. */
  failedCalls: number;
  /** The same of the encrypted network; its time is from when the next agent runs. */
  encrypted: { recoveryMs: number; lost: number };
  /** What was seen of each network on the links between the hosts; absent when nobody could look. */
  seen?: Record<'plain' | 'encrypted', Seen>;
  /** What Docker had to be helped with, in sentences. */
  helped: string[];
  /** What a promise does not allow, in sentences. */
  broken: string[];
  /** The directory of what was saved when a promise was broken. */
  saved?: string;
};

export type Summary = {
  fault: string;
  times: number;
  medianMs: number;
  worstMs: number;
  lost: number;
  failedCalls: number;
  encryptedWorstMs: number;
  encryptedLost: number;
  broken: number;
};

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** One line for each fault, sorted by name. */
export function summarize(rows: readonly Row[]): Summary[] {
  const names = [...new Set(rows.map(({ fault }) => fault))].sort();
  return names.map((fault) => {
    const those = rows.filter((row) => row.fault === fault);
    const times = those.map(({ recoveryMs }) => recoveryMs);
    const sum = (of: (row: Row) => number): number =>
      those.reduce((total, row) => total + of(row), 0);
    return {
      fault,
      times: those.length,
      medianMs: median(times),
      worstMs: Math.max(...times),
      lost: sum(({ lost }) => lost),
      failedCalls: sum(({ failedCalls }) => failedCalls),
      encryptedWorstMs: Math.max(...those.map(({ encrypted }) => encrypted.recoveryMs)),
      encryptedLost: sum(({ encrypted }) => encrypted.lost),
      broken: sum(({ broken }) => broken.length),
    };
  });
}

const seconds = (ms: number): string =>
  Number.isFinite(ms) ? `${(ms / 1000).toFixed(1)} s` : 'never';

/** How often each network's frames were seen on the links between the hosts, a line for each. */
function sightings(rows: readonly Row[]): string[] {
  const looks = rows.flatMap(({ seen }) => seen ?? []);
  return (['plain', 'encrypted'] as const).map((network) => {
    const of = (kind: keyof Seen): number => looks.reduce((sum, it) => sum + it[network][kind], 0);
    const each = KINDS.map((kind) => `${kind} ${of(kind)}`).join(', ');
    return `Seen of the ${network} network between the hosts: ${each}.`;
  });
}

/** Where to read why a promise was broken. */
export const savedIn = (directory: string): string => `every host's state then: ${directory}`;

/** The table for the terminal, then every broken promise in a line of its own. */
export function render(rows: readonly Row[]): string {
  const table = new Table({
    head: [
      ...['FAULT', 'TIMES', 'MEDIAN', 'WORST', 'LOST', 'FAILED CALLS'],
      ...['ENCRYPTED WORST', 'LOST', 'BROKEN'],
    ],
    colAligns: ['left', ...Array.from({ length: 8 }, () => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const it of summarize(rows)) {
    table.push([
      it.fault,
      it.times,
      seconds(it.medianMs),
      seconds(it.worstMs),
      it.lost,
      it.failedCalls,
      seconds(it.encryptedWorstMs),
      it.encryptedLost,
      it.broken,
    ]);
  }
  const broken = rows.flatMap((row) =>
    row.broken.map((why) => `${row.fault}, ${row.victim}: ${why}`),
  );
  const saved = rows.flatMap((row) => (row.saved === undefined ? [] : savedIn(row.saved)));
  const verdict =
    broken.length === 0
      ? `${rows.length} faults, no broken promise.`
      : `${rows.length} faults, ${broken.length} broken promises:`;
  return [
    table.toString(),
    ...sightings(rows),
    verdict,
    ...[...broken, ...saved].map((line) => `  ${line}`),
  ].join('\n');
}
