/** What a packet costs the machine. */
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Comparison, openIn, report } from './compare.ts';
import type { Context } from './context.ts';
import { busyWhile } from './counters.ts';
import type { Path } from './path.ts';
import { figure, median } from './result.ts';
import { inRounds, type Values } from './rounds.ts';

/** The share of all processors that other programs may take, in most rounds, while a packet's cost is measured. */
const OTHERS_MOST = 0.2;

/**
 * Compares the CPU time of the whole machine for each packet at a rate that every path carries, what it uses
 * otherwise taken off: in each round, what it used right before. Nothing, and a note, where other programs take
 * too much for that.
 */
export async function costs(
  context: Context,
  { paths, ...trial }: { paths: readonly Path[]; size: number; rate: number; group?: string },
  rest: Omit<Comparison, 'unit' | 'more'>,
): Promise<void> {
  const comparison: Comparison = { ...rest, unit: 'µs', more: false };
  const ms = context.quick ? 300 : 500;
  const others: number[] = [];
  const turns = { of: paths, open: (so: Values) => openIn(so, comparison) };
  const values = await inRounds(context, turns, async (turn) => {
    const idle = await busyWhile(() => delay(ms));
    const before = idle.seconds / idle.lasted;
    others.push(before / cpus().length);
    const spent: number[] = [];
    for (const path of turn) {
      let sent = 0;
      const busy = await busyWhile(async () => {
        ({ sent } = await context.traffic.trial({ path, ms, ...trial }));
      });
      spent.push(((busy.seconds - before * busy.lasted) * 1e6) / sent);
    }
    return spent;
  });
  if (median(others) <= OTHERS_MOST) return report(context, values, comparison);
  const percent = Math.round(median(others) * 100);
  context.findings.notes.push(
    `CPU time per packet of ${trial.size} B: other programs took ${figure(percent)} % of the processors.`,
  );
}
