import type { UpJson } from '../../contract/commands.ts';
import { onTerminal, paint, renderRows } from '../output.ts';
import { probeText } from '../probe.ts';
import type { HostFacts, Problem } from './core/facts.ts';
import { stepText } from './core/plan.ts';
import type { Planned, UpOutcome } from './up.ts';

/** What was found, and what is going to be done. */
export function planText({ facts, stages, notes, passed }: Planned, dryRun: boolean): string {
  const steps = stages.flatMap((it) => it.steps).map((it) => `  ${stepText(it)}`);
  const tried = passed === 0 ? [] : [`${passed} ways between the hosts were tried, and all carry.`];
  const title = dryRun ? 'This would be done:' : 'This is going to be done:';
  const todo = steps.length === 0 ? ['Nothing is to be changed.'] : [title, ...steps];
  return [hostsText(facts), ...tried, ...notes, ...todo].join('\n');
}

function hostsText(facts: readonly HostFacts[]): string {
  return renderRows(
    ['HOST', 'ADDRESS', 'NAME', 'DOCKER', 'ARCH', 'CASTNET', 'SWARM'],
    facts.map(({ host, address, hostname, docker, plugin, swarm }) => [
      ...[host, address, hostname, docker.version, docker.architecture],
      plugin === undefined ? '-' : `${plugin.version}${plugin.enabled ? '' : ', stopped'}`,
      swarm.state === 'active' ? (swarm.manager ? 'manager' : 'worker') : swarm.state,
    ]),
  );
}

/** Problems with their remedies. */
export function problemsText(problems: readonly Problem[]): string {
  const lines = problems.flatMap(({ what, remedy }) => [paint('red', `✗ ${what}`), `  ${remedy}`]);
  return [...lines, 'Nothing was changed.'].join('\n');
}

/** The end: who hears whom. */
export function outcomeText({ probe }: UpOutcome): string {
  return probe === undefined ? '' : `${onTerminal() ? '\n' : ''}${probeText(probe)}`;
}

/** For programs. */
export function upJson({ facts, problems, planned, probe }: UpOutcome, dryRun: boolean): UpJson {
  const steps = (planned?.stages ?? []).flatMap((it) => it.steps);
  return {
    version: 1,
    ok: problems.length === 0 && (probe?.ok ?? dryRun),
    changed: probe !== undefined && steps.length > 0,
    hosts: facts.map((it) => ({
      host: it.host,
      address: it.address,
      hostname: it.hostname,
      docker: it.docker.version,
      architecture: it.docker.architecture,
      castnet: it.plugin?.version ?? null,
      swarm: it.swarm.state,
      manager: it.swarm.manager,
    })),
    problems,
    notes: planned?.notes ?? [],
    steps: steps.map((it) => ({ ...it, text: stepText(it) })),
    probe: probe ?? null,
  };
}
