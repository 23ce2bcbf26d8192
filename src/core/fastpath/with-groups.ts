import type { Fact } from '../forwarding/facts.ts';
import type { Membership } from '../membership/membership.ts';
import { bridgeName } from '../names.ts';
import { fastGroups, type GroupFact } from './groups.ts';
import { type GroupKey, groupKey } from './touched.ts';
import type { FastWanted } from './wanted.ts';

export interface GroupsNow {
  /** The groups to look at. */
  readonly open: ReadonlySet<GroupKey>;
  /** What bridges and tunnels hold and shall hold of those. */
  readonly slow: readonly Fact[];
  /** All that the containers of a bridge have joined. */
  readonly joined: (bridge: string) => readonly Membership[];
}

/** What there shall be of some groups now, and which groups are the bridge's then. */
export function withGroups(
  before: FastWanted,
  { open, slow, joined }: GroupsNow,
): { groups: readonly GroupFact[]; left: FastWanted['left'] } {
  const { grounds } = before;
  const found = fastGroups({
    ...{ ...grounds, slow },
    joined: (vni) => joined(bridgeName(vni)).filter((it) => open.has(groupKey(vni, it.group))),
  });
  const left = new Map(before.left);
  for (const [vni, { left: now }] of found) {
    const id = grounds.networks.get(vni) ?? '';
    const others = [...(before.left.get(id) ?? [])].filter(([it]) => !open.has(groupKey(vni, it)));
    left.set(id, new Map([...others, ...now]));
  }
  return { groups: [...found.values()].flatMap((it) => it.facts), left };
}
