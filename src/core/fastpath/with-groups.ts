import type { Fact } from '../forwarding/facts.ts';
import type { Membership } from '../membership/membership.ts';
import { bridgeName } from '../names.ts';
import { fastGroups, type GroupFact } from './groups.ts';
import { fastKeyOf, type GroupKey, groupKey } from './touched.ts';
import { type FastWanted, MOST_GROUPS } from './wanted.ts';

export interface GroupsNow {
  /** Whether a group is to be looked at. */
  readonly isOpen: (key: GroupKey | undefined) => boolean;
  /** What bridges and tunnels hold and shall hold of those. */
  readonly slow: readonly Fact[];
  /** All that the containers of a bridge have joined. */
  readonly joined: (bridge: string) => readonly Membership[];
}

/**
 * The same with some groups as they are now; the others, and all else, stay.
 * @returns undefined when there are more groups than there is room for, so that others depend on these
 */
export function withGroups(
  before: FastWanted,
  { isOpen, slow, joined }: GroupsNow,
): { wanted: FastWanted; groups: readonly GroupFact[] } | undefined {
  const { grounds } = before;
  const found = fastGroups({
    ...{ ...grounds, slow },
    joined: (vni) => joined(bridgeName(vni)).filter((it) => isOpen(groupKey(vni, it.group))),
  });
  const groups = [...found.values()].flatMap((it) => it.facts);
  const facts = [...before.facts.filter((it) => !isOpen(fastKeyOf(it))), ...groups];
  if (facts.filter((it) => it.kind === 'group').length > MOST_GROUPS) return undefined;
  const left = new Map(before.left);
  for (const [vni, { left: now }] of found) {
    const id = grounds.networks.get(vni) ?? '';
    const others = [...(before.left.get(id) ?? [])].filter(([it]) => !isOpen(groupKey(vni, it)));
    left.set(id, new Map([...others, ...now]));
  }
  return { wanted: { ...before, facts, left }, groups };
}
