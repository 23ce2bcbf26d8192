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

function sorted<T>(items: Iterable<T>, key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function byKey<T>(items: readonly T[], key: (item: T) => string): Map<string, T> {
  return new Map(items.map((item) => [key(item), item]));
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
  const theirs = [...b.sources].sort();
  return [...a.sources].sort().every((source, i) => source === theirs[i]);
}

/** The same group where it is in order already: whoever keeps it sees that it did not change. */
function withSorted(group: GroupRecord): GroupRecord {
  const { sources } = group;
  const inOrder = sources.every((it, at) => at === 0 || (sources[at - 1] as string) <= it);
  return inOrder ? group : { ...group, sources: [...sources].sort() };
}

/** Of a record, what says which packets are the network's. */
const wireOf = ({ vni, encrypted }: NetworkRecord): Pick<NetworkRecord, 'vni' | 'encrypted'> => ({
  vni,
  ...(encrypted ? { encrypted } : {}),
});

/** Whether two records are of one network's packets. */
export const sameWire = (a: NetworkRecord, b: NetworkRecord): boolean =>
  a.vni === b.vni && a.encrypted === b.encrypted;

/** The same record in the one order in which castnet sends and keeps it. */
export function normalise(record: NetworkRecord): NetworkRecord {
  const groups = sorted(byKey(record.groups, groupOf).values(), groupOf);
  return {
    ...wireOf(record),
    endpoints: sorted(byKey(record.endpoints, idOf).values(), idOf),
    groups: groups.map(withSorted),
  };
}

function changed<T>(
  before: readonly T[],
  after: readonly T[],
  rule: { key: (item: T) => string; same: (a: T, b: T) => boolean },
): { set: T[]; remove: string[] } {
  const old = byKey(before, rule.key);
  const fresh = byKey(after, rule.key);
  const set = [...fresh].filter(([key, item]) => {
    const was = old.get(key);
    return was === undefined || !rule.same(was, item);
  });
  return {
    set: sorted(
      set.map(([, item]) => item),
      rule.key,
    ),
    remove: [...old.keys()].filter((key) => !fresh.has(key)).sort(),
  };
}

/**
 * What turns `before` into `after`, or undefined when they say the same in whatever order. The VNI
 * and the encryption are no part of it: when they change, a new snapshot tells.
 */
export function diff(before: NetworkRecord, after: NetworkRecord): Delta | undefined {
  const endpoints = changed(before.endpoints, after.endpoints, { key: idOf, same: sameEndpoint });
  const groups = changed(before.groups, after.groups, { key: groupOf, same: sameGroup });
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
): T[] {
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
