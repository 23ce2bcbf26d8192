import type { NetworkReport } from '../../contract/report.ts';
import { inAny } from '../../net/cidr.ts';
import type { NetworkOptions } from '../local.ts';
import { MAX_GROUPS_DEFAULT } from '../options.ts';
import type { Membership } from './membership.ts';

/** Groups of one container that the other hosts do not hear of. */
export type RefusedGroups = NetworkReport['refused'][number];

/** Groups of one network that a host tells the others; they refuse a record with more. */
export const HOST_GROUPS_MOST = 32_768;

/**
 * Sources of one container's memberships that a host tells the others; each is an entry of their kernels.
 * A group with sources beyond is told as wanted from any: its members miss nothing, for their own bridge
 * drops the surplus.
 */
export const SOURCES_MOST = 1024;

/**
 * The same of all containers of a host on one network. With HOST_GROUPS_MOST, and the 1023 ports that a
 * bridge has (net/bridge/br_private.h, BR_MAX_PORTS), it makes the longest record fit a message.
 */
export const HOST_SOURCES_MOST = 16_384;

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
  if (isFree && rows.length <= Math.min(maxGroups, SOURCES_MOST)) {
    return { rows: [...rows], refused: [] };
  }
  const refused: RefusedGroups[] = [];
  const kept: Membership[] = [];
  const told = new Set<string>();
  let sources = 0;
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
    const withSources = boundSources(
      own.filter((it) => admitted.has(it.group)),
      Math.min(SOURCES_MOST, HOST_SOURCES_MOST - sources),
    );
    sources += withSources.filter((it) => it.source !== undefined).length;
    kept.push(...withSources);
  }
  return { rows: kept, refused };
}

/** One container's rows with at most so many sources; which ones depends on the groups' names alone. */
function boundSources(rows: readonly Membership[], most: number): Membership[] {
  const counts = new Map<string, number>();
  for (const { group, source } of rows) {
    if (source !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const surplus = new Set<string>();
  let sum = 0;
  for (const [group, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (sum + count > most) surplus.add(group);
    else sum += count;
  }
  if (surplus.size === 0) return [...rows];
  const [first] = rows;
  const any = [...surplus].map(
    (group): Membership => ({
      ...{ bridge: first?.bridge ?? '', port: first?.port ?? '' },
      ...{ group, mode: 'exclude' },
    }),
  );
  return [...rows.filter((it) => !surplus.has(it.group)), ...any];
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
