import type { GroupView, SwarmView } from '../../../src/core/views/swarm-view.ts';

/** A part of a group's tree. */
export type Branch =
  /** Between a container and its host's bridge. */
  | { readonly kind: 'leg'; readonly container: number; readonly up: boolean }
  /** From host to host. */
  | { readonly kind: 'trunk'; readonly from: number; readonly to: number };

/** A branch to draw; branches of one hue that lie upon each other are one. */
export type Lit = Branch & { readonly hue: number; readonly bytes: number };

/** The branches of one group: from each sender to its bridge, to the hosts, to the members. */
export function branchesOf(group: GroupView, { containers }: SwarmView): Branch[] {
  const branches: Branch[] = [];
  const hostOf = (at: number): number => containers[at]?.host ?? -1;
  const reached = new Set<number>(group.copiedTo);
  for (const sender of group.senders) {
    branches.push({ kind: 'leg', container: sender, up: true });
    reached.add(hostOf(sender));
    for (const to of group.copiedTo) {
      if (to !== hostOf(sender) && to >= 0)
        branches.push({ kind: 'trunk', from: hostOf(sender), to });
    }
  }
  for (const member of group.members) {
    // Without a sender the members are shown all the same.
    if (group.senders.length > 0 && !reached.has(hostOf(member))) continue;
    branches.push({ kind: 'leg', container: member, up: false });
  }
  return branches;
}

/**
 * All trees together: each branch once for each hue, with the rates of its groups added.
 * @param withIdle also the members of groups that nobody sends to
 */
export function allTrees(view: SwarmView, groups: readonly GroupView[], withIdle = false): Lit[] {
  const found = new Map<string, Lit>();
  const hueOf = hues(view);
  for (const group of groups) {
    if (group.senders.length === 0 && !withIdle) continue;
    const hue = hueOf(group);
    for (const branch of branchesOf(group, view)) {
      const way =
        branch.kind === 'leg' ? `${branch.container} ${branch.up}` : `${branch.from}>${branch.to}`;
      const key = `${hue} ${way}`;
      const bytes = (found.get(key)?.bytes ?? 0) + group.bytes;
      found.set(key, { ...branch, hue, bytes });
    }
  }
  return [...found.values()];
}

/** Groups have the hue of their network; where there is but one network, each has its own. */
export function hues({ networks, groups }: SwarmView): (group: GroupView) => number {
  if (networks.length > 1) return ({ network }) => network;
  const places = new Map(groups.map((it, at) => [it.group, at]));
  return ({ group }) => places.get(group) ?? 0;
}
