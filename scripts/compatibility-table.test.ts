import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  compatibilityPage,
  isMeasurement,
  labResult,
  parseResults,
  withResult,
} from './compatibility-table.ts';

const DOCS = join(import.meta.dirname, '../docs');
const ABOUT = { engine: '28.5.2', kernel: '6.18.0', when: '2026-11-27' };
const test = (status: string) => ({ status, fullName: 'a test' });
const report = JSON.stringify({
  testResults: [
    { name: '/x/lab/tests/groups.lab.test.ts', assertionResults: [test('passed'), test('failed')] },
    { name: '/x/lab/tests/basics.lab.test.ts', assertionResults: [test('passed')] },
  ],
});

it('a lab run is counted, with the files that it ran', () => {
  const counts = { passed: 2, failed: 1, skipped: 0 };
  expect(labResult([report], ABOUT)).toEqual({
    ...{ kind: 'engine', ...ABOUT, files: ['basics', 'groups'], ...counts },
  });
});

it('a test file that was run again counts as it did then, wherever it lay', () => {
  const again = JSON.stringify({
    testResults: [
      {
        name: '/y/lab/tests/groups.lab.test.ts',
        assertionResults: [test('passed'), test('passed')],
      },
    ],
  });
  expect(labResult([report, again], ABOUT)).toMatchObject({ passed: 3, failed: 0 });
});

it('a newer run of the same takes the place of the older', () => {
  const first = labResult([report], ABOUT);
  const second = labResult([report], { ...ABOUT, when: '2026-12-01' });
  expect(withResult(withResult([], first), second)).toEqual([second]);
});

it('a run of more test files takes the place of one of some of them, and not the other way', () => {
  const whole = labResult([report], ABOUT);
  const part = { ...whole, files: ['basics'] };
  expect(withResult([part], whole)).toEqual([whole]);
  expect(withResult([whole], part)).toEqual([whole, part]);
});

it('of a kernel no reason is kept, which would hold paths of the machine it ran on', () => {
  const step = { step: 'demo', status: 'failed', seconds: 1, why: '/some/path' };
  const about = { kind: 'kernel', suite: 'bookworm', engine: '20.10', castnet: '0', when: 'x' };
  const line = JSON.stringify({ ...about, parameters: [], steps: [step] });
  expect(JSON.stringify(parseResults(line))).not.toContain('/some/path');
});

it('a kernel that could not be had is not on the page', () => {
  const about = { kind: 'kernel', suite: 'trixie', engine: '20.10', castnet: '0', when: 'x' };
  const line = (rest: object) =>
    JSON.stringify({
      ...about,
      parameters: [],
      steps: [{ step: 'demo', status: 'skipped' }],
      ...rest,
    });
  expect(compatibilityPage(parseResults(line({})))).toBe(compatibilityPage([]));
  expect(compatibilityPage(parseResults(line({ release: '6.12.1' })))).toContain('| 6.12.1 |');
});

it('a boot that measured is told from one that tried everything', () => {
  const about = { kind: 'kernel', suite: 'sid', engine: '20.10', castnet: '0', when: 'x' };
  const boot = (...steps: string[]) => {
    const all = steps.map((step) => ({ step, status: 'passed' }));
    return parseResults(JSON.stringify({ ...about, parameters: [], cpu: 'max', steps: all }));
  };
  const isOne = [...boot('lab', 'down'), ...boot('lab', 'speed', 'down')].map(isMeasurement);
  expect(isOne).toEqual([false, true]);
});

it('docs/compatibility.md is what its results say', () => {
  const results = parseResults(readFileSync(join(DOCS, 'compatibility.jsonl'), 'utf8'));
  expect(readFileSync(join(DOCS, 'compatibility.md'), 'utf8')).toBe(compatibilityPage(results));
});
