import { describe, expect, it } from 'vitest';
import { Display, height, type Screen } from './show.ts';

function screen(properties: Partial<Screen> = {}): Screen & { written: string[] } {
  const written: string[] = [];
  return { ...properties, written, write: (text) => written.push(text) };
}

describe('height', () => {
  it.each([
    ['', 80, 1],
    ['abc', 3, 1],
    ['abcd', 3, 2],
    ['\x1b[1mabc\x1b[22m', 3, 1],
  ])('of %j on %d columns is %d', (line, columns, lines) => {
    expect(height(line, columns)).toBe(lines);
  });
});

describe('Display', () => {
  it('draws in place on a terminal, above wrapped lines too', () => {
    const out = screen({ isTTY: true, columns: 4, rows: 24 });
    const display = new Display(out);
    display.show(['abcdef', 'x']);
    display.show(['y']);
    expect(out.written).toEqual(['abcdef\nx\n', '\x1b[3A\x1b[Jy\n']);
  });

  it('clears a terminal that is too small', () => {
    const out = screen({ isTTY: true, columns: 80, rows: 2 });
    const display = new Display(out);
    display.show(['a', 'b']);
    display.show(['c']);
    expect(out.written[1]).toBe('\x1b[H\x1b[2Jc\n');
  });

  it('prints only what changes elsewhere', () => {
    const out = screen();
    const display = new Display(out);
    for (const lines of [['a'], ['a'], ['b']]) display.show(lines);
    expect(out.written).toEqual(['a\n', '\nb\n']);
  });
});
