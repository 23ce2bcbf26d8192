import type { FaultSubject } from '../contract/report.ts';
import type { Faults } from './faults.ts';

/** What one part of the agent lacks, in a sentence; empty: nothing. */
export type Lacks = Partial<Record<FaultSubject, string>>;

/** Takes note of everything that the parts of the agent lack now, and of what is there again. */
export function noteLacks(faults: Pick<Faults, 'note' | 'well'>, lacks: Lacks): void {
  for (const [subject, what] of Object.entries(lacks) as [FaultSubject, string][]) {
    if (what === '') faults.well(subject);
    else faults.note(subject, what);
  }
}

/** The first of several in words, and how many more there are. */
export function inShort(all: readonly string[]): string {
  const [first = '', ...more] = all;
  return more.length === 0 ? first : `${first}, and ${more.length} more`;
}
