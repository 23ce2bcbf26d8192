/** Shows lines that change: drawn again in place on a terminal, printed when they differ elsewhere. */
import { stripVTControlCharacters } from 'node:util';

export type Screen = {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
};

/** Lines on the screen that a line takes, given the screen's width in columns. */
export function height(line: string, columns: number): number {
  return Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));
}

export class Display {
  readonly #screen: Screen;
  #last: string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Shows these lines in the place of those shown before. */
  show(lines: string[]): void {
    const same = lines.join('\n') === this.#last.join('\n');
    if (same && !this.#screen.isTTY) return;
    const before = this.#last.length === 0 ? '' : this.#above();
    this.#screen.write(`${before}${lines.join('\n')}\n`);
    this.#last = lines;
  }

  /** What takes the cursor to the first of the last lines, and clears from there. */
  #above(): string {
    const { isTTY, columns = 80, rows = 24 } = this.#screen;
    if (!isTTY) return '\n';
    const up = this.#last.reduce((sum, line) => sum + height(line, columns), 0);
    // The first lines have left the screen and cannot be reached: begin at its top.
    return up < rows ? `\x1b[${up}A\x1b[J` : '\x1b[H\x1b[2J';
  }
}
