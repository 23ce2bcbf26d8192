/** What a command says to the person who typed it: tables and errors. */
import { styleText } from 'node:util';
import Table from 'cli-table3';

/**
 * A mistake or a situation that the user can do something about. The command
 * line prints its message and hint and no stack trace.
 */
export class UserError extends Error {
  /** What to do about it, one sentence. */
  readonly hint: string | undefined;
  /** Exit status of the command: 1 for a failure, 2 for a wrong usage. */
  readonly exitCode: number;

  constructor(
    message: string,
    options: { hint?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'UserError';
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The lines for an error: "castnet: …", with the hint below it when there is one. */
export function describeError(error: unknown): string {
  if (error instanceof UserError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    return `castnet: ${error.message}${hint}`;
  }
  // Anything else is a fault of castnet: then the stack is what a report needs.
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `castnet: an unexpected error, please report it:\n${detail}`;
}

/** A table without inner rules, as wide as its cells need. */
export function renderTable(head: string[], rows: string[][]): string {
  const table = new Table({
    head: head.map((cell) => styleText('bold', cell)),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  table.push(...rows);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
