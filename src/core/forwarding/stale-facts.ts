import { groupMac } from '../../net/group.ts';
import { isVxlan, vniOf } from '../names.ts';
import { type Fact, isNowhere } from './facts.ts';

/** Whether a fact leads to another host, so that only that host's record can justify it. */
export function leadsAway(fact: Fact): boolean {
  switch (fact.kind) {
    case 'copy':
      return !isNowhere(fact.to);
    case 'route':
    case 'neighbour':
    case 'member':
      return true;
    case 'station':
      return isVxlan(fact.dev);
    default:
      return false;
  }
}

export interface Known {
  /** Tunnel addresses of the hosts whose records are known now: these say all there is to say. */
  readonly heard: ReadonlySet<string>;
  /** The networks that this host still has. */
  readonly vnis: ReadonlySet<number>;
}

/**
 * Which of an earlier agent's entries are stale but shall stay for now: all that leads to a host which was not
 * heard yet, and what hangs on it.
 */
export function staleFacts(facts: readonly Fact[], { heard, vnis }: Known): Fact[] {
  const here = facts.filter((it) => vnis.has(vniOf('bridge' in it ? it.bridge : it.dev)));
  const ways = here.filter(
    (it) => (it.kind === 'route' || it.kind === 'copy') && !heard.has(it.to),
  );
  const carried = new Set(ways.map((it) => ('mac' in it ? key(vniOf(it.dev), it.mac) : '')));
  return [
    ...ways,
    ...here.filter((it) => {
      if (it.kind === 'station') return carried.has(key(vniOf(it.bridge), it.mac));
      if (it.kind === 'neighbour') return carried.has(key(vniOf(it.dev), it.mac));
      return it.kind === 'member' && carried.has(key(vniOf(it.dev), groupMac(it.group)));
    }),
  ];
}

const key = (vni: number, mac: string): string => `${vni} ${mac}`;
