/** What a container's first calls say, beside the time at which each host knew the way to it. Pure. */
import { macOfIpv4 } from '../../src/net/mac.ts';

/** By host, how long before the call its kernel had the entries, milliseconds; less than 0: after it. */
export type Known = ReadonlyMap<string, number>;

/** As `EntryWatch`. */
export interface Entries {
  readonly host: { readonly name: string };
  cameAt(mac: string): number | undefined;
}

/** @param said by lab/tools/call.pl */
export function knownBefore(said: string, watches: readonly Entries[]): Known {
  const [, at = '', from = ''] = /at=(\d+) from=([\d.]+)/.exec(said) ?? [];
  if (from === '') return new Map();
  const mac = macOfIpv4(from);
  return new Map(
    watches.map((it) => [it.host.name, Number(at) - (it.cameAt(mac) ?? Number.POSITIVE_INFINITY)]),
  );
}

/** @param tasks by address, each task's host */
export function explained(said: string, known: Known, tasks: ReadonlyMap<string, string>): string {
  const silent = [...said.matchAll(/silent-([\d.]+)/g)].map(([, ip = '']) => tasks.get(ip) ?? ip);
  const via = silent.length === 0 ? '' : `; silent: task on ${silent.join(' and ')}`;
  const times = [...known].map(([host, ms]) => `${host} ${inWords(ms)}`);
  return `${said}${via}; the way to it was known on ${times.join(', ') || 'no host'}`;
}

function inWords(ms: number): string {
  if (!Number.isFinite(ms)) return 'never';
  return ms < 0 ? `${Math.round(-ms)} ms after` : `${Math.round(ms)} ms before`;
}

/** How long before each call the last host knew the way, and the machine's load. */
export function summary(all: readonly Known[], load: readonly number[]): string {
  const last = all
    .filter((it) => it.size > 0)
    .map((it) => Math.min(...it.values()))
    .sort((a, b) => a - b);
  const after = last.filter((it) => it < 0).length;
  const [least = 0] = last;
  const median = last[last.length >> 1] ?? 0;
  return (
    `the last host knew the way to each ${inWords(least)} its call at the latest, ${inWords(median)} in the middle; ` +
    `of ${after} only after it; load ${Math.min(...load)} to ${Math.max(...load)}`
  );
}
