/** The demo's command line. */
import { parseArgs } from 'node:util';
import { MAX_HOSTS } from '../../lab/plan.ts';
import { UserError } from '../../src/cli/output.ts';

export type Options = { hosts: number; once: boolean };

export const HELP = `npm run demo -- [--once] [--hosts N]

Docker hosts on this machine, a stack on a castnet network, and who hears whom.

  --once      end when every container hears every other (status 0), or after a minute (status 1)
  --hosts N   number of Docker hosts, 3 unless told; two containers run for each
  --help      this text`;

/** Errors: UserError with status 2 for what cannot be used. */
export function parseOptions(args: string[]): Options | 'help' {
  const { once, hosts, help } = parse(args);
  if (help) return 'help';
  const count = Number(hosts);
  if (!/^\d+$/.test(hosts) || count < 1 || count > MAX_HOSTS) {
    throw new UserError(`--hosts cannot be "${hosts}".`, {
      hint: `Give a whole number from 1 to ${MAX_HOSTS}.`,
      exitCode: 2,
    });
  }
  return { hosts: count, once };
}

function parse(args: string[]): { once: boolean; hosts: string; help: boolean } {
  try {
    return parseArgs({
      args,
      options: {
        once: { type: 'boolean', default: false },
        hosts: { type: 'string', default: '3' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UserError(`wrong usage: ${(error as Error).message}`, { hint: HELP, exitCode: 2 });
  }
}
