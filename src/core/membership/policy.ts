import type { NetworkReport } from '../../contract/report.ts';
import { inAny } from '../../net/cidr.ts';
import type { NetworkOptions } from '../local.ts';
import { MAX_GROUPS_DEFAULT } from '../options.ts';
import type { Membership } from './membership.ts';

/** Groups of one container that the other hosts do not hear of. */
export type RefusedGroups = NetworkReport['refused'][number];

/** Groups of one network that a host tells the others; they refuse a record with more. */
export const HOST_GROUPS_MOST = 32_768;

export interface Admitted {
  readonly rows: Membership[];
  readonly refused: RefusedGroups[];
}

/**
 * What of a network's memberships its settings admit. Which groups of a container with too many
 * are admitted depends on their names alone, so that it does not change from look to look.
 */
export function admit(rows: readonly Membership[], options: NetworkOptions): Admitted {
  const maxGroups = options.maxGroups ?? MAX_GROUPS_DEFAULT;
  const isFree = options.multicast !== false && options.groups === undefined;
  // Fewer in all than one container may have: nothing to look for, many times a second.
  if (isFree && rows.length <= Math.min(maxGroups, HOST_GROUPS_MOST)) {
    return { rows: [...rows], refused: [] };
  }
  const refused: RefusedGroups[] = [];
  const kept: Membership[] = [];
  const told = new Set<string>();
  for (const [port, own] of [...byPort(rows)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const refuse = (groups: readonly string[], reason: string): void => {
      const [example] = groups;
      if (example !== undefined) refused.push({ port, count: groups.length, example, reason });
    };
    const joined = [...new Set(own.map((it) => it.group))].sort();
    if (options.multicast === false) {
      refuse(joined, 'multicast is off on this network');
      continue;
    }
    const { groups: allowed } = options;
    const isAllowed = (group: string) => allowed === undefined || inAny(group, allowed);
    refuse(
      joined.filter((it) => !isAllowed(it)),
      'not among the groups that multicast-groups allows',
    );
    const fine = joined.filter(isAllowed);
    refuse(fine.slice(maxGroups), `more than the ${maxGroups} groups of max-groups`);
    const within = fine.slice(0, maxGroups);
    const room = within.filter((it) => !told.has(it)).slice(0, HOST_GROUPS_MOST - told.size);
    for (const group of room) told.add(group);
    const admitted = new Set(within.filter((it) => told.has(it)));
    refuse(
      within.filter((it) => !told.has(it)),
      `more than the ${HOST_GROUPS_MOST} groups that one host can have of a network`,
    );
    kept.push(...own.filter((it) => admitted.has(it.group)));
  }
  return { rows: kept, refused };
}

function byPort(rows: Iterable<Membership>): Map<string, Membership[]> {
  const found = new Map<string, Membership[]>();
  for (const row of rows) {
    const own = found.get(row.port);
    if (own === undefined) found.set(row.port, [row]);
    else own.push(row);
  }
  return found;
}
