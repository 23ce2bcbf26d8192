import { describe, expect, it } from 'vitest';
import { UserError } from '../src/cli/output.ts';
import { help, parseOptions } from './options.ts';

const FAULTS = ['agent killed', 'host cut off'];

describe('parseOptions', () => {
  it('has defaults', () => {
    const defaults = { minutes: 10, seed: 1, lab: undefined, only: [], keep: false };
    expect(parseOptions([], FAULTS)).toEqual(defaults);
  });

  it('takes what is given', () => {
    const args = [
      '--minutes',
      '0.5',
      '--seed',
      '7',
      '--lab',
      'x',
      '--only',
      'host cut off',
      '--keep',
    ];
    const expected = { minutes: 0.5, seed: 7, lab: 'x', only: ['host cut off'], keep: true };
    expect(parseOptions(args, FAULTS)).toEqual(expected);
  });

  it.each([
    [['--minutes', '0'], '--minutes cannot be "0"'],
    [['--minutes', 'x'], '--minutes cannot be "x"'],
    [['--seed', '-1.5'], 'wrong usage'],
    [['--seed', '1.5'], '--seed cannot be "1.5"'],
    [['--only', 'fire'], 'there is no fault "fire"'],
    [['--what'], 'wrong usage'],
  ])('refuses %j and says why', (args, why) => {
    expect(() => parseOptions(args, FAULTS)).toThrow(UserError);
    expect(() => parseOptions(args, FAULTS)).toThrow(why);
  });

  it('lists every fault in its help', () => {
    expect(parseOptions(['--help'], FAULTS)).toBe('help');
    for (const name of FAULTS) expect(help(FAULTS)).toContain(name);
  });
});
