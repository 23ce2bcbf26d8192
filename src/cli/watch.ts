import type { Command } from 'commander';
import { describeError, onTerminal, UserError } from './output.ts';

export interface WatchFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** What a command found: for programs, and for people. */
export interface Shown {
  readonly value: unknown;
  readonly text: string;
}

const EVERY_MS = 2000;

/** Adds `--json` and `--watch`. */
export function withWatch(command: Command): Command {
  return command
    .option('--json', 'print JSON, for programs')
    .option('--watch', 'print anew every two seconds, until Ctrl-C');
}

/** Prints what `find` finds, once or, with `--watch`, again and again until Ctrl-C. */
export async function show(flags: WatchFlags, find: () => Promise<Shown>): Promise<void> {
  if (!flags.watch) {
    const { value, text } = await find();
    process.stdout.write(`${flags.json ? JSON.stringify(value, null, 2) : text}\n`);
    return;
  }
  // Who watches has seen it all: the end by Ctrl-C is no failure.
  process.once('SIGINT', () => process.exit(0));
  const clear = !flags.json && onTerminal() ? '\u001b[H\u001b[2J' : '';
  for (;;) {
    try {
      const { value, text } = await find();
      process.stdout.write(`${clear}${flags.json ? JSON.stringify(value) : text}\n`);
    } catch (error) {
      // An agent that is being upgraded is back in a moment.
      if (!(error instanceof UserError)) throw error;
      process.stderr.write(`${clear}${describeError(error)}\n`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
