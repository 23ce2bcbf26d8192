/** The chaos run's command line. */
import { parseArgs } from 'node:util';
import { UserError } from '../src/cli/output.ts';

export type Options = {
  minutes: number;
  seed: number;
  /** A lab that is up and stays; without it one is made and taken down. */
  lab: string | undefined;
  /** Names of faults; all of them if empty. */
  only: string[];
  /** A broken promise ends the run, and the lab stays up as it is then. */
  keep: boolean;
};

/** @param faults the names that `--only` accepts */
export function help(faults: readonly string[]): string {
  return `npm run chaos -- [--minutes M] [--seed S] [--lab NAME] [--only FAULT]… [--keep]

Faults in random order on a lab of four hosts under load, each judged when it is over. The status
is 0 only if no promise of docs/reliability.md was broken. What the hosts held when one was is saved
under test-output/chaos/.

  --minutes M   no fault begins after so many minutes, 10 unless told
  --seed S      a whole number, 1 unless told; the same seed repeats the same order
  --lab NAME    a lab that is up, of four hosts; it stays up
  --only FAULT  only this fault; may be given more than once
  --keep        a broken promise ends the run, and the lab stays up as it is then
  --help        this text

Faults:
${faults.map((name) => `  ${name}`).join('\n')}`;
}

/** Errors: UserError with status 2 for what cannot be used. */
export function parseOptions(args: string[], faults: readonly string[]): Options | 'help' {
  const values = parse(args, faults);
  if (values.help) return 'help';
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    throw wrong(`--minutes cannot be "${values.minutes}".`, 'Give a number up to 1440.');
  }
  if (!/^\d{1,9}$/.test(values.seed)) {
    throw wrong(`--seed cannot be "${values.seed}".`, 'Give a whole number of up to 9 digits.');
  }
  const unknown = values.only.find((name) => !faults.includes(name));
  if (unknown !== undefined) {
    throw wrong(`there is no fault "${unknown}".`, `Faults: ${faults.join(', ')}`);
  }
  return {
    minutes,
    seed: Number(values.seed),
    lab: values.lab,
    only: values.only,
    keep: values.keep,
  };
}

function parse(args: string[], faults: readonly string[]) {
  try {
    return parseArgs({
      args,
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: '1' },
        lab: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw wrong(`wrong usage: ${(error as Error).message}`, help(faults));
  }
}

const wrong = (message: string, hint: string): UserError =>
  new UserError(message, { hint, exitCode: 2 });
