/** What a packet costs the machine. */
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Context, rounds } from './context.ts';
import { busySeconds } from './counters.ts';
import type { Path } from './path.ts';
import { figure } from './result.ts';

/** The share of all processors that other programs may take while a packet's cost is measured. */
const OTHERS_MOST = 0.2;

/**
 * CPU time of the whole machine for each packet at a rate that every path carries, what it uses
 * otherwise taken off. Nothing, and a note, where other programs take too much for that.
 * @returns µs for each path by round
 */
export async function costs(
  context: Context,
  paths: readonly Path[],
  trial: { size: number; rate: number; group?: string },
): Promise<Map<string, number[]>> {
  const ms = context.quick ? 300 : 1000;
  let others = 0;
  const values = await rounds(paths, context.quick ? 2 : 7, async (path) => {
    const idle = await share(() => delay(ms));
    others = Math.max(others, idle.seconds / idle.lasted / cpus().length);
    let sent = 0;
    const busy = await share(async () => {
      ({ sent } = await context.traffic.trial({ path, ms, ...trial }));
    });
    const spent = busy.seconds - (idle.seconds / idle.lasted) * busy.lasted;
    return (spent * 1e6) / sent;
  });
  if (others <= OTHERS_MOST) return values;
  const percent = Math.round(others * 100);
  context.findings.notes.push(
    `CPU time per packet of ${trial.size} B: other programs took ${figure(percent)} % of the processors.`,
  );
  return new Map();
}

/** Seconds of all processors together, and of the clock, while something is done. */
async function share(work: () => Promise<void>): Promise<{ seconds: number; lasted: number }> {
  const [seconds, start] = [await busySeconds(), performance.now()];
  await work();
  const lasted = (performance.now() - start) / 1000;
  return { seconds: (await busySeconds()) - seconds, lasted };
}
