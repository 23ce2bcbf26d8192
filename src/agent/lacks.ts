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

/** Where the plugin sees the host's namespaces; Docker writes the second for the first. */
const IN_SIGHT = /^(\/var)?\/run\//;

/**
 * Containers whose namespaces the agent cannot see, in a sentence; empty: it sees all.
 * @param sandboxes paths of containers' namespaces, as Docker names them
 */
export function outOfSight(sandboxes: readonly string[]): string {
  return inShort(sandboxes.filter((it) => !IN_SIGHT.test(it)));
}
