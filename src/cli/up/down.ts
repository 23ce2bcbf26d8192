import {
  type DownStage,
  downProblems,
  downText,
  ending,
  planDown,
  type Uses,
} from './core/down-plan.ts';
import type { Problem } from './core/facts.ts';
import type { Target } from './core/wanted.ts';
import type { Host } from './hosts/host.ts';
import type { Ways } from './hosts/ssh.ts';
import { usesOf } from './hosts/uses.ts';
import { lookAll } from './looking.ts';
import type { Progress } from './progress.ts';
import { downStep, sweep } from './steps/down.ts';

export interface DownOptions {
  readonly targets: readonly Target[];
  readonly leaveSwarm: boolean;
  readonly ways: Ways;
  readonly progress: Progress;
  /**
   * Asked before anything is changed.
   * @param ends what of a user's own would end
   * @returns whether to go on
   */
  readonly onPlan: (stages: readonly DownStage[], ends: readonly string[]) => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

export interface DownOutcome {
  /** If there are any, nothing was changed. */
  readonly problems: readonly Problem[];
  readonly stages: readonly DownStage[];
  readonly ends: readonly string[];
  /** Whether it was gone on with. */
  readonly done: boolean;
}

/** Takes castnet, its networks and, when told, the Swarm from all hosts. Run again it goes on. */
export async function down(options: DownOptions): Promise<DownOutcome> {
  const { targets, leaveSwarm, ways, progress, onPlan } = options;
  const hosts = targets.map((it) => ways.host(it));
  const { facts, unreached } = await lookAll({ hosts, ways, progress });
  const uses: Uses[] = [];
  if (unreached.length === 0) uses.push(...(await Promise.all(hosts.map((it) => usesOf(it)))));
  const problems = unreached.length > 0 ? unreached : downProblems(facts, uses);
  const stages = planDown(facts, uses, { leaveSwarm });
  const ends = ending(uses);
  if (problems.length > 0) return { problems, stages: [], ends, done: false };
  if (!(await onPlan(stages, ends))) return { problems, stages, ends, done: false };
  for (const stage of stages) await doStage(stage, hosts, options);
  await Promise.all(hosts.map((it) => sweep(it)));
  return { problems, stages, ends, done: true };
}

function doStage(
  { steps, inTurn }: DownStage,
  hosts: readonly Host[],
  { progress, signal }: DownOptions,
): Promise<void> {
  const tasks = steps.map((step) => ({
    title: downText(step),
    run: (say: (text: string) => void) => {
      const host = hosts.find((it) => it.name === step.host) as Host;
      return downStep(step, { host, say, signal });
    },
  }));
  return progress(tasks, { inTurn });
}
