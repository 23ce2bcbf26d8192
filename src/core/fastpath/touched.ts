import { groupMac } from '../../net/group.ts';
import type { Fact } from '../forwarding/facts.ts';
import type { Membership } from '../membership/membership.ts';
import { vniOf } from '../names.ts';

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

/**
 * The groups of which something was joined or left between two readings of a bridge. A row that says the same is
 * the same object; one that was read anew counts as changed.
 */
export function groupsChanged(
  before: readonly Membership[],
  now: readonly Membership[],
): Set<string> {
  const had = new Set(before);
  const changed = now.filter((it) => !had.delete(it));
  return new Set([...changed, ...had].map((it) => it.group));
}

/** Values by the groups that they are about. Bounded by what is put in. */
export class ByGroup<T> {
  readonly #values = new Map<GroupKey, Map<string, T>>();
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** @param identity of the value among those of its groups. @param value undefined takes it away */
  set(key: GroupKey, identity: string, value: T | undefined): void {
    const values = this.#values.get(key) ?? new Map<string, T>();
    this.#size -= values.size;
    if (value === undefined) values.delete(identity);
    else values.set(identity, value);
    this.#size += values.size;
    if (values.size > 0) this.#values.set(key, values);
    else this.#values.delete(key);
  }

  /** All of some groups; of every group unless given. */
  of(keys: Iterable<GroupKey> = this.#values.keys()): T[] {
    return [...keys].flatMap((key) => [...(this.#values.get(key)?.values() ?? [])]);
  }
}
