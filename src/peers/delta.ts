import type { EndpointRecord, GroupRecord, NetworkRecord, ServiceRecord } from '../core/records.ts';

/** How one network's record changed. Pure; lists are sorted, so equal changes look equal. */
export interface Delta {
  readonly set: {
    readonly endpoints: readonly EndpointRecord[];
    readonly groups: readonly GroupRecord[];
  };
  readonly remove: { readonly endpoints: readonly string[]; readonly groups: readonly string[] };
}

const idOf = (endpoint: EndpointRecord): string => endpoint.id;
const groupOf = (group: GroupRecord): string => group.group;

function byKey<T>(items: readonly T[], key: (item: T) => string): Map<string, T> {
  return new Map(items.map((item) => [key(item), item]));
}

/** Items in the order of their keys, of one key the last; the same list where it is so already. */
function ordered<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  let last: string | undefined;
  for (const item of items) {
    const next = key(item);
    if (last !== undefined && next <= last) {
      const all = [...byKey(items, key)];
      return all.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, it]) => it);
    }
    last = next;
  }
  return items;
}

function sameEndpoint(a: EndpointRecord, b: EndpointRecord): boolean {
  const addresses = a.ip === b.ip && a.ip6 === b.ip6 && a.mac === b.mac;
  return addresses && sameService(a.service, b.service);
}

function sameService(a: ServiceRecord | undefined, b: ServiceRecord | undefined): boolean {
  return a?.name === b?.name && a?.vip === b?.vip && a?.serving === b?.serving;
}

function sameGroup(a: GroupRecord, b: GroupRecord): boolean {
  if (a.mode !== b.mode || a.sources.length !== b.sources.length) return false;
  if (a.sources.length === 0) return true;
  const theirs = [...b.sources].sort();
  return [...a.sources].sort().every((source, i) => source === theirs[i]);
}

const inOrder = ({ sources }: GroupRecord): boolean =>
  sources.every((it, at) => at === 0 || (sources[at - 1] as string) <= it);

/** The same groups where their sources are in order already: whoever keeps one sees that it did not change. */
function withSorted(groups: readonly GroupRecord[]): readonly GroupRecord[] {
  if (groups.every(inOrder)) return groups;
  return groups.map((it) => (inOrder(it) ? it : { ...it, sources: [...it.sources].sort() }));
}

/** Of a record, what says which packets are the network's. */
const wireOf = ({ vni, encrypted }: NetworkRecord): Pick<NetworkRecord, 'vni' | 'encrypted'> => ({
  vni,
  ...(encrypted ? { encrypted } : {}),
});

/** Whether two records are of one network's packets. */
export const sameWire = (a: NetworkRecord, b: NetworkRecord): boolean =>
  a.vni === b.vni && a.encrypted === b.encrypted;

/** The same record in the one order in which castnet sends and keeps it; a list that is so already is kept. */
export function normalise(record: NetworkRecord): NetworkRecord {
  return {
    ...wireOf(record),
    endpoints: ordered(record.endpoints, idOf),
    groups: withSorted(ordered(record.groups, groupOf)),
  };
}

/** Of two lists in the order of their keys. It runs for each change of a group, so it makes nothing anew. */
function changed<T>(
  before: readonly T[],
  after: readonly T[],
  rule: { key: (item: T) => string; same: (a: T, b: T) => boolean },
): { set: T[]; remove: string[] } {
  const set: T[] = [];
  const remove: string[] = [];
  if (before === after) return { set, remove };
  const { key, same } = rule;
  let at = 0;
  for (const item of after) {
    const name = key(item);
    let was = before[at];
    for (; was !== undefined && key(was) < name; was = before[++at]) remove.push(key(was));
    if (was === undefined || key(was) !== name) set.push(item);
    else {
      at += 1;
      if (was !== item && !same(was, item)) set.push(item);
    }
  }
  for (const item of before.slice(at)) remove.push(key(item));
  return { set, remove };
}

/**
 * What turns `before` into `after`, or undefined when they say the same in whatever order. The VNI
 * and the encryption are no part of it: when they change, a new snapshot tells.
 */
export function diff(before: NetworkRecord, after: NetworkRecord): Delta | undefined {
  const endpoints = changed(ordered(before.endpoints, idOf), ordered(after.endpoints, idOf), {
    key: idOf,
    same: sameEndpoint,
  });
  const groups = changed(ordered(before.groups, groupOf), ordered(after.groups, groupOf), {
    key: groupOf,
    same: sameGroup,
  });
  const size =
    endpoints.set.length + endpoints.remove.length + groups.set.length + groups.remove.length;
  if (size === 0) return undefined;
  const set = groups.set.map((group) => ({ ...group, sources: [...group.sources].sort() }));
  return {
    set: { endpoints: endpoints.set, groups: set },
    remove: { endpoints: endpoints.remove, groups: groups.remove },
  };
}

function applied<T>(
  items: readonly T[],
  change: { set: readonly T[]; remove: readonly string[] },
  key: (item: T) => string,
): readonly T[] {
  if (change.set.length === 0 && change.remove.length === 0) return items;
  const result = byKey(items, key);
  for (const name of change.remove) result.delete(name);
  for (const item of change.set) result.set(key(item), item);
  return [...result.values()];
}

/** `before` with `delta` applied, sorted. Applying twice gives the same. */
export function apply(delta: Delta, before: NetworkRecord): NetworkRecord {
  const { set, remove } = delta;
  return normalise({
    ...wireOf(before),
    endpoints: applied(before.endpoints, { set: set.endpoints, remove: remove.endpoints }, idOf),
    groups: applied(before.groups, { set: set.groups, remove: remove.groups }, groupOf),
  });
}
