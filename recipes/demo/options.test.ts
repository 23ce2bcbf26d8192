import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/cli/output.ts';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  it('has three hosts and stays until Ctrl-C unless told', () => {
    expect(parseOptions([])).toEqual({ hosts: 3, once: false });
    expect(parseOptions(['--once', '--hosts', '5'])).toEqual({ hosts: 5, once: true });
    expect(parseOptions(['--help'])).toBe('help');
  });

  it.each([
    [['--hosts', '0'], '--hosts cannot be "0".'],
    [['--hosts', 'three'], '--hosts cannot be "three".'],
    [['--hosts=251'], '--hosts cannot be "251".'],
    [['--twice'], "Unknown option '--twice'"],
    [['more'], "Unexpected argument 'more'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
    expect(() => parseOptions(args)).toThrow(UserError);
  });
});
