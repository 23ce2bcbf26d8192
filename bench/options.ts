/** The command line of the bench. Pure. */
import { parseArgs } from 'node:util';
import { checkLabName } from '../lab/plan.ts';
import { UserError } from '../src/cli/output.ts';

/** The groups of measurements, in the order in which they run. */
export const GROUPS = [
  'endpoints',
  'membership',
  'copies',
  'latency',
  'multicast',
  'tcp',
  'udp',
  'encrypted',
  'services',
  'churn',
  'agent',
] as const;

export type Group = (typeof GROUPS)[number];

export interface Options {
  readonly groups: readonly Group[];
  readonly quick: boolean;
  /** The lab's hosts have the fast path, and castnet without it is one more path. */
  readonly fastPath: boolean;
  /** A lab that is up, to be used and left; undefined for one of the bench's own. */
  readonly lab: string | undefined;
}

export const HELP = `npm run bench -- [OPTIONS]
  --only GROUP    measures this group alone; may be repeated
                  ${GROUPS.join(', ')}
  --quick         fewer and shorter measurements: to see that all works, not for figures
  --fast-path     with the fast path (CASTNET_FASTPATH=on); castnet without it is measured beside it
  --lab NAME      uses a lab of three hosts that is up, and leaves it up

A run without --only, --quick and --fast-path takes about 10 minutes and writes bench/RESULTS.md and
bench/results.svg. The exit status is 1 if a figure is not as it must be.`;

/** @throws UserError for an option that is not known or a value that is not accepted */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { help, only, quick, lab, 'fast-path': fastPath } = parse(args);
  if (help) return 'help';
  const chosen = only.map(groupNamed);
  const groups = chosen.length === 0 ? GROUPS : GROUPS.filter((group) => chosen.includes(group));
  return { groups, quick, fastPath, lab: lab === undefined ? undefined : checkLabName(lab) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        lab: { type: 'string' },
        'fast-path': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UserError(`wrong usage: ${(error as Error).message}`, { hint: HELP, exitCode: 2 });
  }
}

function groupNamed(name: string): Group {
  const group = GROUPS.find((it) => it === name);
  if (group !== undefined) return group;
  throw new UserError(`the bench has no group "${name}".`, {
    hint: `Its groups: ${GROUPS.join(', ')}`,
    exitCode: 2,
  });
}
