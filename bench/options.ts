/** The command line of the bench. Pure. */

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
  'services',
  'churn',
  'agent',
] as const;

export type Group = (typeof GROUPS)[number];

export interface Options {
  readonly groups: readonly Group[];
  readonly quick: boolean;
  /** A lab that is up, to be used and left; undefined for one of the bench's own. */
  readonly lab: string | undefined;
}

export const HELP = `npm run bench -- [OPTIONS]
  --only GROUP    measures this group alone; may be repeated
                  ${GROUPS.join(', ')}
  --quick         fewer and shorter measurements: to see that all works, not for figures
  --lab NAME      uses a lab of three hosts that is up, and leaves it up

A run without --only and --quick takes about 15 minutes and writes bench/RESULTS.md and
bench/results.svg. The exit status is 1 if a figure is not as it must be.`;

/** @throws UserError for an option that is not known or a value that is not accepted */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const only: Group[] = [];
  let quick = false;
  let lab: string | undefined;
  const rest = [...args];
  for (let option = rest.shift(); option !== undefined; option = rest.shift()) {
    const [name, joined] = splitOption(option);
    if (name === '--help' || name === '-h') return 'help';
    if (name === '--quick' && joined === undefined) quick = true;
    else if (name === '--only') only.push(groupNamed(joined ?? rest.shift()));
    else if (name === '--lab') lab = checkLabName(joined ?? rest.shift() ?? '');
    else {
      throw new UserError(`the bench has no option "${option}".`, {
        hint: 'Its options: --only GROUP, --quick, --lab NAME, --help',
        exitCode: 2,
      });
    }
  }
  const groups = only.length === 0 ? GROUPS : GROUPS.filter((group) => only.includes(group));
  return { groups, quick, lab };
}

function splitOption(option: string): [string, string | undefined] {
  const at = option.indexOf('=');
  return at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}

function groupNamed(name: string | undefined): Group {
  const group = GROUPS.find((it) => it === name);
  if (group !== undefined) return group;
  throw new UserError(`the bench has no group "${name ?? ''}".`, {
    hint: `Its groups: ${GROUPS.join(', ')}`,
    exitCode: 2,
  });
}
