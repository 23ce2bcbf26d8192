import type { GroupView, SwarmView } from '../../../src/core/views/swarm-view.ts';
import { keyOfContainer, keyOfGroup, type Selection } from '../state.ts';

/** The groups whose trees a selection lights; undefined: nothing is selected. */
export function chosenGroups(
  view: SwarmView,
  chosen: Selection | undefined,
): GroupView[] | undefined {
  if (chosen === undefined) return undefined;
  if (chosen.kind === 'group') return view.groups.filter((it) => keyOfGroup(it) === chosen.key);
  const isOwn = (at: number): boolean =>
    chosen.kind === 'container'
      ? keyOfContainer(at, view) === chosen.key
      : view.hosts[view.containers[at]?.host ?? -1]?.address === chosen.key;
  return view.groups.filter((it) => [...it.members, ...it.senders].some(isOwn));
}

/** The containers that belong to a selection: itself, and all in its groups. */
export function chosenContainers(
  view: SwarmView,
  chosen: Selection,
  groups: readonly GroupView[],
): Set<number> {
  const found = new Set(groups.flatMap((it) => [...it.members, ...it.senders]));
  for (const [at, it] of view.containers.entries()) {
    if (chosen.kind === 'container' && keyOfContainer(at, view) === chosen.key) found.add(at);
    if (chosen.kind === 'host' && view.hosts[it.host]?.address === chosen.key) found.add(at);
  }
  return found;
}
