/** Counting what vitest's JSON report says, so that no failure is ever missed. */

export type Counts = { passed: number; failed: number; skipped: number };

type Report = {
  testResults?: { status?: string; assertionResults?: { status: string }[] }[];
};

/**
 * Counts the tests of a report. A file that failed outside of its tests (it does not load, a hook
 * fails) is one failure, and so is a run that ended badly without saying why, or without a report.
 */
export function countReport(text: string | undefined, exitStatus: number): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let report: Report = {};
  try {
    report = JSON.parse(text ?? '') as Report;
  } catch {
    return { ...counts, failed: 1 };
  }
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
