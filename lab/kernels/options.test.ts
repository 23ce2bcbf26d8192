import { expect, it } from 'vitest';
import { parseOptions } from './options.ts';

it('takes names and options in any order', () => {
  expect(parseOptions([])).toEqual({ names: [], fresh: false, speed: false });
  expect(parseOptions(['sid', '--speed', 'trixie', '--fresh'])).toEqual({
    ...{ names: ['sid', 'trixie'], fresh: true, speed: true },
  });
  expect(parseOptions(['--help'])).toBe('help');
});

it('refuses an option that there is not', () => {
  expect(() => parseOptions(['--quick'])).toThrow('--quick');
});
