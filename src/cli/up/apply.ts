import { type Stage, type Step, stepText } from './core/plan.ts';
import { portsOf, type Release, type Wanted } from './core/wanted.ts';
import type { Progress } from './progress.ts';
import { type Member, memberOf } from './session.ts';
import { makeNetwork } from './steps/network.ts';
import { install, replace, sessionsUp, upgrade } from './steps/plugin.ts';
import { awaitNodes, initSwarm, joinSwarm, promote } from './steps/swarm.ts';

export interface ApplyInput {
  readonly stages: readonly Stage[];
  readonly members: readonly Member[];
  /** The manager that leads the others in. */
  readonly lead: Member;
  readonly wanted: Wanted;
  readonly release: Release;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Does what was planned, stage by stage. @throws UserError of the first step that failed */
export async function apply(input: ApplyInput): Promise<void> {
  const { stages, members, lead, progress, signal } = input;
  for (const { steps, inTurn } of stages) {
    const tasks = steps.map((step) => ({
      title: stepText(step),
      run: (say: (text: string) => void) => doStep(step, input, say),
    }));
    await progress(tasks, { inTurn });
    // A network can be made only when its managers agree.
    if (steps.some(changesNodes)) await awaitNodes(members, lead, signal);
  }
}

const changesNodes = (step: Step): boolean => ['join', 'promote'].includes(step.do);

async function doStep(step: Step, input: ApplyInput, say: (text: string) => void): Promise<void> {
  const { members, lead, wanted, release, signal } = input;
  signal?.throwIfAborted();
  const member = memberOf(members, step.host);
  switch (step.do) {
    case 'install':
      return install({ member, settings: step.settings, release, onProgress: say });
    case 'enable':
      return replace({ member, settings: step.settings, release, onProgress: say });
    case 'upgrade': {
      const upBefore = await sessionsUp(member);
      const plugin = { member, settings: step.settings, release, onProgress: say };
      return upgrade(plugin, { upBefore, signal });
    }
    case 'init':
      return initSwarm(member, portsOf(wanted.settings).vxlan);
    case 'join':
      return joinSwarm({ member, lead, role: step.role, signal });
    case 'promote':
      return promote(member, lead);
    case 'network':
      return makeNetwork(lead, step, signal);
  }
}
