/** What a packet costs the machine. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Context, rounds } from './context.ts';
import { busySeconds } from './counters.ts';
import type { Path } from './path.ts';
import { figure } from './result.ts';

/**
 * CPU time of the whole machine for each packet at a rate that every path carries, what it uses
 * otherwise taken off: of all figures the one that depends least on what else runs.
 * @returns µs for each path by round
 */
export async function costs(
  context: Context,
  paths: readonly Path[],
  trial: { size: number; rate: number; group?: string },
): Promise<Map<string, number[]>> {
  const ms = context.quick ? 300 : 1500;
  return await rounds(paths, context.quick ? 2 : 7, async (path) => {
    const [before, began] = [await busySeconds(), performance.now()];
    await delay(ms);
    const idle = ((await busySeconds()) - before) / (performance.now() - began);
    const [then, start] = [await busySeconds(), performance.now()];
    const { sent } = await context.traffic.trial({ path, ms, ...trial });
    const spent = (await busySeconds()) - then - idle * (performance.now() - start);
    context.say(`CPU time, ${path.name}: ${figure((spent * 1e6) / sent)} µs for each packet`);
    return (spent * 1e6) / sent;
  });
}
