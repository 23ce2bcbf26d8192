/** Tests on other Docker Engines than the machine's own: skipped, and named, where there are none. */
import { openEngine } from '../../engines/engines.ts';
import type { Suite } from '../../engines/names.ts';
import { Unreachable } from '../../engines/suite.ts';

/**
 * Makes Engines before the tests of a file are described.
 * @returns why they cannot be had, for the names of skipped tests; empty when all are there
 */
export async function whyWithout(...suites: Suite[]): Promise<string> {
  try {
    for (const suite of suites) await openEngine(suite);
    return '';
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    console.warn(`skipped: ${error.message}`);
    return ` (skipped: ${error.message})`;
  }
}
