import type { FastFact } from './facts.ts';
import type { GroupFact } from './groups.ts';
import { ByGroup, groupKey } from './touched.ts';

/** What the kernel holds of the fast path, its groups apart: they change many times a second. */
export class Held {
  readonly others: readonly FastFact[];
  readonly groups = new ByGroup<GroupFact>();

  constructor(facts: readonly FastFact[] = []) {
    this.others = facts.filter((it) => it.kind !== 'group');
    this.put(facts.filter((it) => it.kind === 'group'));
  }

  all(): FastFact[] {
    return [...this.others, ...this.groups.of()];
  }

  put(groups: readonly GroupFact[]): void {
    for (const it of groups) this.groups.set(groupKey(it.vni, it.group), it.group, it);
  }

  remove(groups: readonly GroupFact[]): void {
    for (const it of groups) this.groups.set(groupKey(it.vni, it.group), it.group, undefined);
  }
}
