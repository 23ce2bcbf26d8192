import { expect, test } from 'vitest';
import { drawBars } from './chart.ts';
import { parseOptions } from './options.ts';
import { groupMac } from './path.ts';
import { markdown, verdict } from './report.ts';
import { rowOf, type Series } from './result.ts';

const SERIES: Series = {
  title: 'Rate <1300 B>',
  unit: 'packets/s',
  more: true,
  values: [
    { name: 'castnet', value: 63_000 },
    { name: 'tinc', value: 16_000 },
  ],
};

test('the report names the machine, every row and every series', () => {
  const rows = [rowOf({ figure: 'TCP', value: 1.2, unit: '×', atLeast: 1.1 })];
  const text = markdown({
    findings: { rows, series: [SERIES], notes: ['n2n: is missing'] },
    machine: ['2 × CPU'],
    date: new Date('2026-01-02T03:04:05Z'),
    command: 'npm run bench',
    taken: 0.01,
  });
  expect(text).toContain('on 2026-01-02. 1 of 1 figures are as they must be.');
  expect(text).toContain('- 2 × CPU');
  expect(text).toContain('| TCP | ≥ 1.1× | 1.20× | yes |');
  expect(text).toContain('| tinc | 16 000 | 3.94 |');
  expect(text).toContain('- n2n: is missing');
});

test('what is not decided is counted for itself', () => {
  const open = { figure: 'x', unit: '×', atLeast: 1.1, value: 1, rounds: [0.9, 1.2] };
  expect(verdict([rowOf(open)])).toMatch(/^0 of 1 figures are as they must be. 1 not decided/);
});

test('rows without a limit are not counted', () => {
  expect(verdict([rowOf({ figure: 'x', value: 1, unit: '' })])).toContain('0 of 0');
});

test('the plot escapes its words and follows the colour scheme', () => {
  const svg = drawBars('Bars', [SERIES, SERIES, SERIES]);
  expect(svg).toContain('Rate &lt;1300 B&gt;');
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg.match(/fill="var\(--own\)"/g)).toHaveLength(3);
});

test('options', () => {
  expect(parseOptions([])).toMatchObject({ quick: false, lab: undefined });
  expect(parseOptions(['--only', 'udp', '--only=tcp', '--quick'])).toEqual({
    groups: ['tcp', 'udp'],
    quick: true,
    fastPath: false,
    lab: undefined,
  });
  expect(parseOptions(['--fast-path'])).toMatchObject({ fastPath: true });
  expect(parseOptions(['--help'])).toBe('help');
  expect(() => parseOptions(['--only', 'tpc'])).toThrow('no group "tpc"');
  expect(() => parseOptions(['--fast'])).toThrow("Unknown option '--fast'");
});

test('a group’s MAC keeps its low 23 bits', () => {
  expect(groupMac('239.66.0.1')).toBe('01:00:5e:42:00:01');
  expect(groupMac('224.129.1.1')).toBe('01:00:5e:01:01:01');
});
