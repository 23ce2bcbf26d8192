/** The command line of the kernels' tests. Pure. */
import { parseArgs } from 'node:util';
import { UserError } from '../../src/cli/output.ts';

export interface Options {
  /** Of the boots that were asked for; empty for all. */
  readonly names: readonly string[];
  /** With the newest kernel of each suite. */
  readonly fresh: boolean;
  /** Boots that measure, in place of those that try everything. */
  readonly speed: boolean;
}

export const HELP = `npm run test:kernels -- [OPTIONS] [NAME…]
  NAME      bookworm, trixie, sid: that suite's kernel; no-ipv6: bookworm's, with ipv6.disable=1 and fewer
            steps; all four unless told
  --fresh   with the newest kernel of the suite
  --speed   measures encrypted networks beside Docker's, on a processor without and on one with AES; of the
            three suites unless told`;

/** @throws UserError for an option that is not known */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { help, fresh, speed, names } = parse(args);
  return help ? 'help' : { names, fresh, speed };
}

function parse(args: readonly string[]) {
  const no = { type: 'boolean', default: false } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { fresh: no, speed: no, help: { ...no, short: 'h' } },
      allowPositionals: true,
    });
    return { ...values, names: positionals };
  } catch (error) {
    throw new UserError(`wrong usage: ${(error as Error).message}`, { hint: HELP, exitCode: 2 });
  }
}
