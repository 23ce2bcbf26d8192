import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { keyed, renderRows } from './output.ts';

const HEAD = ['NAME', 'HOSTS'];
const ROWS = [['mynet', '10.9.0.1\n10.9.0.2']];

it('in a pipe, cells are parted by tabs and values in a cell by commas', () => {
  expect(renderRows(HEAD, ROWS, false)).toBe('NAME\tHOSTS\nmynet\t10.9.0.1,10.9.0.2');
  expect(keyed([['node', 'n1']], false)).toEqual(['node\tn1']);
});

it('on a terminal, columns are aligned', () => {
  const lines = renderRows(HEAD, ROWS, true).split('\n');
  expect(lines.map((it) => stripVTControlCharacters(it))).toEqual([
    'NAME   HOSTS',
    'mynet  10.9.0.1',
    '       10.9.0.2',
  ]);
});
