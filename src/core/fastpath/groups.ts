import { groupMac, isForAll } from '../../net/group.ts';
import { type Fact, isNowhere } from '../forwarding/facts.ts';
import type { Membership } from '../membership/membership.ts';
import { vniOf } from '../names.ts';
import type { FastFact } from './facts.ts';

/** What bridges and tunnels hold of groups, and the way past them. */
export interface GroupsInput {
  /** VNIs of the networks whose packets may take the fast path. */
  readonly vnis: ReadonlySet<number>;
  readonly slow: readonly Fact[];
  /** What the containers of a network have joined. */
  readonly joined: (vni: number) => readonly Membership[];
  /** Containers' ports that the fast path knows, by name: their index and VNI. */
  readonly ports: ReadonlyMap<string, { readonly port: number; readonly vni: number }>;
  /** Hosts that it reaches. */
  readonly hosts: ReadonlySet<string>;
}

export type GroupFact = FastFact & { readonly kind: 'group' };

/** The groups of one network that the fast path may have, and why the others not, by group. */
export interface NetworkGroups {
  readonly facts: readonly GroupFact[];
  readonly left: ReadonlyMap<string, string>;
}

/** `MOST_TARGETS` of bpf/groups.h: members on this host, and hosts. */
export const MOST_TARGETS = 16;

/** What the bridge's table and the tunnel's say of one group. */
interface Found {
  readonly rows: Membership[];
  readonly members: (Fact & { kind: 'member' })[];
}

/**
 * Who is to have what is said to each group, where that is the same for every sender: exactly those to whom
 * bridge and tunnel give it. A packet goes one way or the other as a whole, so one target that the fast path
 * does not reach leaves the group to the bridge.
 */
export function fastGroups(input: GroupsInput): Map<number, NetworkGroups> {
  const copies = copiesOf(input.slow);
  const members = Map.groupBy(
    input.slow.filter((it) => it.kind === 'member'),
    (it) => vniOf(it.dev),
  );
  return new Map(
    [...input.vnis].map((vni) => {
      const groups = new Map<string, Found>();
      const of = (group: string): Found => {
        const found = groups.get(group) ?? { rows: [], members: [] };
        groups.set(group, found);
        return found;
      };
      for (const it of input.joined(vni)) of(it.group).rows.push(it);
      for (const it of members.get(vni) ?? []) of(it.group).members.push(it);
      const facts: GroupFact[] = [];
      const left = new Map<string, string>();
      for (const [group, found] of groups) {
        const to = (copies.get(`${vni} ${groupMac(group)}`) ?? []).map((it) => it.to);
        const result = targets(group, found, { ...input, vni, to });
        if (typeof result === 'string') left.set(group, result);
        else if (result.ports.length + result.hosts.length > 0)
          facts.push({ kind: 'group', vni, group, ...result });
      }
      return [vni, { facts, left }];
    }),
  );
}

/** The hosts to which the tunnel copies, by VNI and MAC. */
const copiesOf = (slow: readonly Fact[]) =>
  Map.groupBy(
    slow.filter((it) => it.kind === 'copy'),
    (it) => `${vniOf(it.dev)} ${it.mac}`,
  );

/** Members here and hosts that get a group; or why it is the bridge's. */
function targets(
  group: string,
  { rows, members }: Found,
  { vni, ports, hosts, to }: GroupsInput & { vni: number; to: readonly string[] },
): { ports: number[]; hosts: string[] } | string {
  if (isScopeOfLink(group) || isForAll(groupMac(group))) return 'every host gets it';
  const some = (it: Membership) =>
    it.source !== undefined || it.mode !== 'exclude' || it.filtered === true;
  if (rows.some(some) || members.some((it) => it.source !== undefined))
    return 'some member wants certain sources only';
  if (members.some((it) => !it.settled)) return 'its entry towards the tunnel is not castnet’s';
  const found = rows.map((it) => ports.get(it.port));
  const here = found.flatMap((it) => (it?.vni === vni ? [it.port] : []));
  if (here.length < rows.length) return 'some member here is behind a port that it does not know';
  const away = members.length === 0 ? [] : [...to];
  if (members.length > 0 && away.length === 0) return 'the tunnel copies it to every host';
  const slow = away.find((it) => !hosts.has(it));
  if (slow !== undefined)
    return isNowhere(slow) ? 'it stays on its host' : `host ${slow} is reached by the tunnel alone`;
  if (here.length > MOST_TARGETS) return `more than ${MOST_TARGETS} members here`;
  if (away.length > MOST_TARGETS) return `more than ${MOST_TARGETS} hosts with members`;
  return { ports: [...new Set(here)].sort((a, b) => a - b), hosts: [...new Set(away)].sort() };
}

/** 224.0.0.0/24, ff01:: and ff02::, which no router hands on and the bridge floods in part. */
const isScopeOfLink = (group: string): boolean =>
  group.startsWith('224.0.0.') || /^ff[0-9a-f][0-2]:/.test(group);
