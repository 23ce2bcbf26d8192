/** The order in which a run begins its lab tests: what takes longest must not be begun last. */
import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take a minute and more, longest first. */
const LONGEST = [
  ...['chaos', 'faults', 'nat', 'services-change', 'services', 'underlay', 'guards'],
  ...['expose', 'encrypted', 'senders', 'engines', 'dashboard', 'many'],
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

function place({ moduleId }: TestSpecification): number {
  const found = LONGEST.indexOf(basename(moduleId, '.lab.test.ts'));
  return found < 0 ? LONGEST.length : found;
}
