import { groupMac } from '../../net/group.ts';
import type { Fact } from '../forwarding/facts.ts';
import type { Membership } from '../membership/membership.ts';
import { vniOf } from '../names.ts';
import type { FastFact } from './facts.ts';

/**
 * Groups of one VNI and MAC, in a word: a tunnel's copies know no more. Only what is said of these is computed
 * again while groups are joined and left.
 */
export type GroupKey = string;

export const groupKey = (vni: number, group: string): GroupKey => `${vni} ${groupMac(group)}`;

/** Whose groups a fact of bridges and tunnels is about; undefined: it is about more than groups. */
export function keyOf(fact: Fact): GroupKey | undefined {
  if (fact.kind === 'member') return groupKey(vniOf(fact.dev), fact.group);
  if (fact.kind === 'copy') return `${vniOf(fact.dev)} ${fact.mac}`;
  return undefined;
}

/** The same of the fast path's own. */
export const fastKeyOf = (fact: FastFact): GroupKey | undefined =>
  fact.kind === 'group' ? groupKey(fact.vni, fact.group) : undefined;

const words = (it: Membership): string =>
  `${it.group} ${it.port} ${it.source} ${it.mode} ${it.filtered}`;

/** The groups of which something was joined or left between two readings of a bridge. */
export function groupsChanged(
  before: readonly Membership[],
  now: readonly Membership[],
): Set<string> {
  const had = new Map(before.map((it) => [words(it), it.group]));
  const changed = new Set<string>();
  for (const it of now) if (!had.delete(words(it))) changed.add(it.group);
  for (const group of had.values()) changed.add(group);
  return changed;
}
