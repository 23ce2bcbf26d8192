import type { NetworkReport } from '../../contract/report.ts';
import { isGroup, isHostLocal, isSource } from '../../net/group.ts';
import { isPort } from '../names.ts';
import type { GroupRecord } from '../records.ts';

/**
 * One row of a bridge's multicast database (MDB): a port that wants a group, perhaps from one
 * source only. The kernel's bridge writes them from the IGMP and MLD reports that it snoops.
 */
export type Membership = NetworkReport['joined'][number];

/**
 * Whether a row says that a container has joined a group that others may have: not so the tunnel's
 * own rows, host-local groups, and what is no membership at all. The kernel takes a forged report of
 * 10.0.0.1 as it takes any other, while the other hosts would refuse a whole record for it.
 */
export const isMembership = ({ port, group, source }: Membership): boolean =>
  isPort(port) &&
  isGroup(group) &&
  !isHostLocal(group) &&
  (source === undefined || isSource(source));

/** What makes two rows of one bridge the same row. */
export const membershipKey = (row: Membership): string =>
  `${row.port} ${row.group} ${row.source ?? '*'}`;

/**
 * The groups of some rows of one bridge, all its ports taken together. One port that
 * takes every source makes the host take every source; else it is the union of the sources asked
 * for. Sources that some port excludes are not told: the bridge of this host drops those itself,
 * and another port may want them.
 */
export function groupsOf(rows: Iterable<Membership>): GroupRecord[] {
  const wanted = new Map<string, Set<string> | 'any'>();
  for (const row of rows) {
    const before = wanted.get(row.group);
    if (before === 'any') continue;
    if (row.mode === 'exclude' && row.source === undefined) {
      wanted.set(row.group, 'any');
    } else if (row.mode === 'include' && row.source !== undefined) {
      wanted.set(row.group, (before ?? new Set()).add(row.source));
    }
  }
  return [...wanted]
    .map(
      ([group, sources]): GroupRecord =>
        sources === 'any'
          ? { group, mode: 'exclude', sources: [] }
          : { group, mode: 'include', sources: [...sources].sort() },
    )
    .sort((a, b) => (a.group < b.group ? -1 : 1));
}
