/** Counting and naming what vitest's JSON report says, so that no failure is ever missed. */

export type Counts = { passed: number; failed: number; skipped: number };

type Test = { status: string; fullName?: string; failureMessages?: string[] };

type Report = {
  testResults?: { name?: string; status?: string; message?: string; assertionResults?: Test[] }[];
};

/** Undefined when there is none, or half of one. */
function parse(text = ''): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}

/**
 * Counts the tests of a report. A file that failed outside of its tests (it does not load, a hook
 * fails) is one failure, and so is a run that ended badly without saying why, or without a report.
 */
export function countReport(text: string | undefined, exitStatus: number): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const report = parse(text);
  if (report === undefined) return { ...counts, failed: 1 };
  for (const { status, assertionResults = [] } of report.testResults ?? []) {
    const failedBefore = counts.failed;
    for (const test of assertionResults) {
      if (test.status === 'passed') counts.passed++;
      else if (test.status === 'failed') counts.failed++;
      else counts.skipped++;
    }
    if (status === 'failed' && counts.failed === failedBefore) counts.failed++;
  }
  if (exitStatus !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/**
 * A line for each failure that a report names: its file, its words and the first line of its reason.
 * CI keeps a log's end alone, and vitest names a failure long before it.
 *
 * @param exitStatus vitest's; bad without a failed test, as when coverage is below its floor
 */
export function failuresOf(text: string | undefined, exitStatus: number): string[] {
  const report = parse(text);
  if (report === undefined) return ['there is no report that can be read'];
  const named = failedTests(report);
  if (named.length > 0 || exitStatus === 0) return named;
  return [`no test failed, but vitest ended with status ${exitStatus}; the ERROR above says why`];
}

function failedTests(report: Report): string[] {
  return (report.testResults ?? []).flatMap(({ name, status, message, assertionResults = [] }) => {
    const file = name?.split('/').at(-1) ?? 'a file';
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}: ${firstLine(message)}`] : [];
    return failed.map((test) => {
      return `${file}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`;
    });
  });
}

const firstLine = (text = ''): string => text.split('\n', 1)[0] ?? '';

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** `N passed, N failed`, with `, N skipped` when there are any. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
