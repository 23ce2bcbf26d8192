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
    head: head.map((cell) => paint('bold', cell)),
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

/** Colour and weight for a person at a terminal who did not refuse them (https://no-color.org). */
export function paint(format: 'bold' | 'red' | 'green' | 'yellow', text: string): string {
  // Said outright: before Node 20.18 styleText asks nobody.
  return onTerminal() && !process.env.NO_COLOR ? styleText(format, text) : text;
}

/** Whether a person looks at what is printed; a program at the end of a pipe wants no decoration. */
export const onTerminal = (): boolean => process.stdout.isTTY === true;

/**
 * Rows for whoever reads: a table on a terminal; else a line for each row, its cells parted by tabs
 * and several values in a cell by commas.
 */
export function renderRows(head: string[], rows: string[][], terminal = onTerminal()): string {
  if (terminal) return renderTable(head, rows);
  return [head, ...rows]
    .map((row) => row.map((cell) => cell.replaceAll('\n', ',')).join('\t'))
    .join('\n');
}

/** Lines of keys and values, aligned on a terminal, parted by a tab else. */
export function keyed(lines: readonly [string, string][], terminal = onTerminal()): string[] {
  const width = Math.max(...lines.map(([key]) => key.length));
  return lines.map(([key, value]) =>
    terminal ? `${paint('bold', key.padEnd(width))}  ${value}` : `${key}\t${value}`,
  );
}
