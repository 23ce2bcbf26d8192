import { setTimeout } from 'node:timers/promises';
import type { FastPath } from './agent/fast-path.ts';
import type { HostFlows, HostTraffic } from './contract/answers.ts';
import { allFlows, flowsSince, withFast } from './core/fastpath/traffic.ts';
import { GUARD_TABLE } from './core/rules/guards.ts';
import { measureFlows } from './kernel/meter.ts';
import { readTraffic } from './kernel/traffic.ts';

/** What this host counts of its containers' packets, whichever way they went. */
export function openCounting(fastPath: Pick<FastPath, 'traffic'>) {
  const fastFlows = async () => (await fastPath.traffic())?.flows ?? [];
  return {
    async traffic(): Promise<HostTraffic> {
      const [slow, fast] = await Promise.all([readTraffic(GUARD_TABLE), fastPath.traffic()]);
      return withFast(slow, fast);
    },
    /** What is said to groups within a time that begins now, milliseconds. */
    async flows(milliseconds: number): Promise<HostFlows['flows']> {
      const fast = async () => {
        const before = await fastFlows();
        await setTimeout(milliseconds);
        return flowsSince(before, await fastFlows());
      };
      return allFlows(...(await Promise.all([measureFlows(milliseconds), fast()])));
    },
  };
}
