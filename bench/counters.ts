/** What the kernel counts: a device's packets, a process's CPU time. */
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { mustRun } from '../lab/run.ts';
import { inside } from './namespaces.ts';
import type { Uplink } from './path.ts';

export interface Traffic64 {
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly txPackets: number;
}

interface LinkJson {
  stats64: { rx: { bytes: number }; tx: { bytes: number; packets: number } };
}

/** A device's counters. */
export async function count({ ns, device }: Uplink): Promise<Traffic64> {
  const out = await mustRun(inside(ns, ['ip', '-json', '-stats', 'link', 'show', 'dev', device]));
  const [link] = JSON.parse(out) as LinkJson[];
  if (link === undefined) throw new Error(`there is no device ${device}`);
  const { rx, tx } = link.stats64;
  return { rxBytes: rx.bytes, txBytes: tx.bytes, txPackets: tx.packets };
}

/** Clock ticks of /proc are 10 ms on every Linux (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** CPU seconds of a process, of its ended children and of those that live, all the way down. */
export async function cpuSeconds(pid: number, proc = '/proc'): Promise<number> {
  let ticks = 0;
  for (const one of await family(pid, proc)) {
    const stat = await readFile(`${proc}/${one}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, cutime and cstime are fields 14 to 17; the name ends field 2.
    for (const field of [11, 12, 13, 14]) ticks += Number(fields[field] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/**
 * Seconds of the clock while something is done, and of all processors together in which they were not idle. That
 * is what idle time left of it: a kernel without ticks for idle processors measures idle time by the clock
 * (fs/proc/stat.c, get_idle_time), while what was done is guessed from what every tick finds.
 */
export async function busyWhile(
  work: () => Promise<void>,
): Promise<{ seconds: number; lasted: number }> {
  const [free, start] = [await freeSeconds(), performance.now()];
  await work();
  const lasted = (performance.now() - start) / 1000;
  return { seconds: lasted * cpus().length - ((await freeSeconds()) - free), lasted };
}

/** Seconds in which processors had nothing to do or another machine had them, of all together. */
async function freeSeconds(): Promise<number> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  // cpu user nice system idle iowait irq softirq steal (proc_stat(5)).
  const [, , , , idle = 0, waiting = 0, , , stolen = 0] = line.split(/ +/).map(Number);
  return (idle + waiting + stolen) / TICKS_PER_SECOND;
}

async function family(pid: number, proc: string): Promise<number[]> {
  const all = [pid];
  for (const one of all) {
    const threads = await readdir(`${proc}/${one}/task`).catch(() => []);
    for (const thread of threads) {
      const text = await readFile(`${proc}/${one}/task/${thread}/children`, 'utf8').catch(() => '');
      all.push(...text.split(' ').filter(Boolean).map(Number));
    }
  }
  return all;
}

/** Resident and proportional size of a process in MB (10^6 bytes). */
export async function memory(pid: number, proc: string): Promise<{ rss: number; pss: number }> {
  const text = await readFile(`${proc}/${pid}/smaps_rollup`, 'utf8');
  const of = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return { rss: of('Rss'), pss: of('Pss') };
}
