import type { GroupView, SwarmView } from '../../../src/core/swarm-view.ts';

/** A part of a group's tree. */
export type Branch =
  /** Between a container and its host's bridge. */
  | { readonly kind: 'leg'; readonly container: number; readonly up: boolean }
  /** From host to host. */
  | { readonly kind: 'trunk'; readonly from: number; readonly to: number };

export type Lit = Branch & { readonly network: number; readonly bytes: number };

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
 * All trees together: each branch once for each network, with the rates of its groups added.
 * @param withIdle also the members of groups that nobody sends to
 */
export function allTrees(view: SwarmView, groups: readonly GroupView[], withIdle = false): Lit[] {
  const found = new Map<string, Lit>();
  for (const group of groups) {
    if (group.senders.length === 0 && !withIdle) continue;
    for (const branch of branchesOf(group, view)) {
      const way =
        branch.kind === 'leg' ? `${branch.container} ${branch.up}` : `${branch.from}>${branch.to}`;
      const key = `${group.network} ${way}`;
      const bytes = (found.get(key)?.bytes ?? 0) + group.bytes;
      found.set(key, { ...branch, network: group.network, bytes });
    }
  }
  return [...found.values()];
}
