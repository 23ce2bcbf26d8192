import type { Command } from 'commander';

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

/** Prints what `find` finds, once or again and again. */
export async function show(flags: WatchFlags, find: () => Promise<Shown>): Promise<void> {
  do {
    const { value, text } = await find();
    const printed = flags.json ? JSON.stringify(value, null, flags.watch ? 0 : 2) : text;
    const clear = flags.watch && !flags.json && process.stdout.isTTY ? '\u001b[H\u001b[2J' : '';
    process.stdout.write(`${clear}${printed}\n`);
    if (flags.watch) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  } while (flags.watch);
}
