import { expect, it } from 'vitest';
import { chooseApi, compareApi } from './docker-api.ts';

it.each([
  ['20.10.24', '1.12', '1.41', '1.41'],
  ['28.5.2', '1.24', '1.51', '1.41'],
  ['29.1.0', '1.44', '1.52', '1.44'],
  ['29.7.2', '1.40', '1.55', '1.41'],
])('with Docker %s (%s to %s) it is %s', (engine, least, most, version) => {
  expect(chooseApi({ engine, least, most })).toBe(version);
});

it('an Engine that is too old or too new is named, with what to do', () => {
  expect(() => chooseApi({ engine: '19.03.15', least: '1.12', most: '1.40' })).toThrow(
    'Docker 19.03.15 speaks API 1.40 at most; castnet needs 20.10 (API 1.41) or newer. Upgrade Docker on this host',
  );
  expect(() => chooseApi({ engine: '99.0', least: '1.99', most: '2.1' })).toThrow(
    /Docker 99.0 speaks API 1.99 at least; .* Upgrade castnet, or lower min-api-version/,
  );
});

it('versions are compared by number', () => {
  expect(compareApi('1.5', '1.41')).toBeLessThan(0);
  expect(compareApi('1.41', '1.41')).toBe(0);
  expect(compareApi('2.0', '1.41')).toBeGreaterThan(0);
});
