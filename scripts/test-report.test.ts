import { describe, expect, it } from 'vitest';
import { addCounts, countReport, failuresOf, summaryLine } from './test-report.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((it) => ({ status: it })),
});
const report = (...files: object[]): string => JSON.stringify({ testResults: files });

describe('countReport', () => {
  it.each([
    ['tests', report(file('passed', 'passed', 'passed', 'skipped')), 0, [2, 0, 1]],
    ['failures', report(file('failed', 'passed', 'failed')), 1, [1, 1, 0]],
    ['a file that does not load', report(file('failed'), file('passed', 'passed')), 1, [1, 1, 0]],
    ['a hook that fails after good tests', report(file('failed', 'passed')), 1, [1, 1, 0]],
    ['a bad end without a failed test', report(file('passed', 'passed')), 1, [1, 1, 0]],
    ['half a report', '{"testResults": [', 1, [0, 1, 0]],
    ['no report', undefined, 0, [0, 1, 0]],
  ])('counts %s', (_name, text, status, [passed, failed, skipped]) => {
    expect(countReport(text, status)).toEqual({ passed, failed, skipped });
  });
});

describe('failuresOf', () => {
  it('names each failed test and each failed file, with the first line of the reason', () => {
    const failed = { status: 'failed', fullName: 'net it works', failureMessages: ['no\n at x'] };
    const files = [
      { name: '/a/one.test.ts', status: 'failed', assertionResults: [failed] },
      { name: '/a/two.test.ts', status: 'failed', message: 'does not load\n at y' },
      { name: '/a/three.test.ts', ...file('passed', 'passed') },
    ];
    expect(failuresOf(report(...files), 1)).toEqual([
      'one.test.ts: net it works: no',
      'two.test.ts: does not load',
    ]);
  });

  it.each([undefined, '{"testResults": ['])('tells that a report cannot be read: %s', (text) => {
    expect(failuresOf(text, 0)).toEqual(['there is no report that can be read']);
  });
});

it.each([
  [0, []],
  [1, ['no test failed, but vitest ended with status 1; the ERROR above says why']],
])('names a bad end without a failed test: status %i', (status, failures) => {
  expect(failuresOf(report(file('passed', 'passed')), status)).toEqual(failures);
});

describe('summaryLine', () => {
  it('is plain, and names skipped tests only when there are some', () => {
    const counts = { passed: 3, failed: 0, skipped: 0 };
    expect(summaryLine(counts)).toBe('3 passed, 0 failed');
    expect(summaryLine(addCounts(counts, { passed: 1, failed: 2, skipped: 1 }))).toBe(
      '4 passed, 2 failed, 1 skipped',
    );
  });
});
