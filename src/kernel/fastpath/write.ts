import { entryOf, NO_SELF } from '../../core/fastpath/entries.ts';
import type { FastFact, FastStep } from '../../core/fastpath/facts.ts';
import { mustRun, run } from '../../system/run.ts';
import { inNamespace } from '../namespace.ts';
import { attachLine, deleteLine, detachLine, hookLine, unhookLine, updateLine } from './lines.ts';
import type { MapWriter } from './map-writer.ts';

type Filter = FastFact & { kind: 'filter' };

/** Where and by what steps are taken. */
export interface FastPlace {
  /** Where the programs are pinned. */
  readonly directory: string;
  readonly writer: Pick<MapWriter, 'write'>;
  /** Told of each device of the host's that had no hook before. */
  readonly onHook: (dev: string) => Promise<void>;
}

/**
 * Takes steps in the order given.
 * @throws CommandError at the first that is refused; those after it are not taken
 */
export async function writeFast(
  { directory, writer, onHook }: FastPlace,
  steps: readonly FastStep[],
): Promise<void> {
  for (const batch of batches(steps)) {
    const { fact, action } = batch[0] as FastStep;
    if (fact.kind === 'filter') {
      if (action === 'remove') await removeFilters(filters(batch));
      else await putFilters(directory, filters(batch), onHook);
    } else await writer.write(entryLines(directory, batch));
  }
}

const filters = (steps: readonly FastStep[]): Filter[] =>
  steps.flatMap(({ fact }) => (fact.kind === 'filter' ? [fact] : []));

/** Neighbouring steps that one program takes. */
function batches(steps: readonly FastStep[]): FastStep[][] {
  const result: FastStep[][] = [];
  const like = ({ action, fact }: FastStep): string =>
    fact.kind === 'filter' ? `${action} ${fact.at}` : '';
  for (const step of steps) {
    const last = result.at(-1);
    if (last?.[0] !== undefined && like(last[0]) === like(step)) last.push(step);
    else result.push([step]);
  }
  return result;
}

async function putFilters(
  directory: string,
  facts: readonly Filter[],
  onHook: (dev: string) => Promise<void>,
): Promise<void> {
  const at = facts[0]?.at ?? 'castnet';
  // A device that has its hook refuses another, and that is no matter.
  if (at === 'castnet') await run(tc(at, '-force'), text(facts.map(hookLine)));
  else
    for (const it of facts) {
      const { status } = await run(tc(at), text([hookLine(it)]));
      if (status === 0) await onHook(it.dev);
    }
  await mustRun(tc(at), text(facts.map((it) => attachLine(directory, it))));
}

/**
 * Takes filters away. The hooks stay: to make or remove one, the kernel stops the device for a moment, and
 * loses what is to leave by it (net/sched/sch_api.c, qdisc_graft). A hook without a filter costs nothing. A
 * device that went has neither any more, and that is what was wanted.
 */
export async function removeFilters(facts: readonly Filter[]): Promise<void> {
  for (const at of ['castnet', 'host'] as const) {
    const lines = facts.filter((it) => it.at === at).map(detachLine);
    if (lines.length > 0) await run(tc(at, '-force'), text(lines));
  }
}

/** Takes the hook of a device of the host's away, if no program is at it. */
export async function removeHook(dev: string): Promise<void> {
  const left = await Promise.all(
    ['ingress', 'egress'].map((way) => run(['tc', 'filter', 'show', 'dev', dev, way])),
  );
  if (left.every((it) => it.status === 0 && it.stdout.trim() === ''))
    await run(tc('host', '-force'), text([unhookLine({ dev })]));
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

function tc(at: Filter['at'], ...options: string[]): string[] {
  const argv = ['tc', ...options, '-batch', '-'];
  return at === 'castnet' ? inNamespace(...argv) : argv;
}

/** Lines of `bpftool batch` that put entries, or take them away. */
export function entryLines(directory: string, steps: readonly FastStep[]): string[] {
  const maps = `${directory}/maps`;
  return steps.flatMap(({ action, fact }) => {
    if (fact.kind === 'filter') throw new Error('a filter is no entry');
    const entry = entryOf(fact);
    if (action === 'put') return [updateLine(maps, entry)];
    if (fact.kind === 'self') return [updateLine(maps, NO_SELF)];
    // A program may have taken a group's entry away already, and bpftool ends at one that is not there. Empty, with
    // a sum that is wrong, it is the bridge's (bpf/groups.h).
    const empty = { ...entry, value: entry.value.map(() => 0) };
    return [...(fact.kind === 'group' ? [updateLine(maps, empty)] : []), deleteLine(maps, entry)];
  });
}
