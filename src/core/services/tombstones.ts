import { type LocalNetwork, mayHave } from '../local.ts';
import type { HostRecord, NetworkRecord } from '../records.ts';
import type { Service } from './services.ts';

/**
 * Tombstones: addresses of services' tasks that have gone. Nobody answers there: a client that knew the container waits
 * for an answer that cannot come, for the entry in its neighbour table is believed as long as other
 * connections seem to prove it. Seen: three tries of 4 s each, and none refused. Hazelcast and its
 * like take a member for alive so long. The hosts know better at once, and let it be refused.
 *
 * Only the host that had a container can say that it has gone. One that has fallen silent may be
 * cut off, with its containers well.
 *
 * Other containers do not count, whose coming and going may be frequent: what goes in here is written
 * into every container's rules, which a task's end changes anyway.
 */
export interface Tombstones {
  /** What each host last said, by its node id. Bounded by the hosts. */
  readonly heard: ReadonlyMap<string, Records>;
  /** By network: addresses of tasks of before, the latest last. A task may leave before its container. */
  readonly former: ReadonlyMap<string, readonly string[]>;
  /** Those of them that no container has, by network. */
  readonly gone: ReadonlyMap<string, readonly string[]>;
}

type Records = HostRecord['networks'];

export const NO_TOMBSTONES: Tombstones = { heard: new Map(), former: new Map(), gone: new Map() };

/** So many are remembered of a network; each is an element in every container's rules. */
export const GONE_MOST = 64;

/** What a host says of itself now; undefined while it has not, or is silent. */
export interface Word {
  readonly node: string;
  readonly networks: Records | undefined;
}

/**
 * @param before the last answer
 * @param words of this host and of each that speaks or may speak again
 * @param networks those that count
 */
export function tombstones(
  before: Tombstones,
  words: Iterable<Word>,
  networks: Iterable<LocalNetwork>,
): Tombstones {
  const heard = new Map<string, Records>();
  const left = new Map<string, string[]>();
  const wanted = [...networks];
  for (const { node, networks: said } of words) {
    const last = before.heard.get(node);
    // A host may be known by several addresses, and silent at one.
    const now = said ?? heard.get(node) ?? last;
    if (now === undefined) continue;
    heard.set(node, now);
    for (const network of wanted) {
      const { id } = network;
      const [was, is] = [last?.get(id), now.get(id)];
      if (was === is) continue;
      const tasks = new Set(tasksOf(is));
      const ours = tasksOf(was).filter((ip) => !tasks.has(ip) && mayHave(network, ip));
      left.set(id, [...(left.get(id) ?? []), ...ours]);
    }
  }
  const former = new Map<string, readonly string[]>();
  const gone = new Map<string, readonly string[]>();
  for (const { id } of wanted) {
    const all = [...(before.former.get(id) ?? []), ...(left.get(id) ?? [])];
    if (all.length === 0) continue;
    // A Set keeps the first of two alike; the latest counts.
    const latest = new Set(all.reverse());
    const { tasks, present } = holders(latest, [...heard.values()], id);
    const still = [...latest].reverse().filter((ip) => !tasks.has(ip));
    former.set(id, still.slice(-GONE_MOST));
    const free = still.filter((ip) => !present.has(ip));
    gone.set(id, free.slice(-GONE_MOST));
  }
  return { heard, former, gone };
}

const tasksOf = (record: NetworkRecord | undefined): string[] =>
  (record?.endpoints ?? []).flatMap(({ ip, service }) => (service === undefined ? [] : [ip]));

/** Which of some addresses containers have now, and which of them tasks. */
function holders(of: ReadonlySet<string>, heard: readonly Records[], network: string) {
  const present = new Set<string>();
  const tasks = new Set<string>();
  for (const records of heard) {
    for (const { ip, service } of records.get(network)?.endpoints ?? []) {
      if (!of.has(ip)) continue;
      present.add(ip);
      if (service !== undefined) tasks.add(ip);
    }
  }
  return { present, tasks };
}

/**
 * The services of a network, and the addresses that refuse. Without services there are none of these
 * either: a container that reaches no service has no rules.
 */
export function withRefusals(
  services: readonly Service[],
  gone: readonly string[],
): readonly Service[] {
  if (services.length === 0 || gone.length === 0) return services;
  // Docker may have given the address to a service.
  const vips = new Set(services.map((it) => it.vip));
  const refusing = gone
    .filter((ip) => !vips.has(ip))
    .map((vip): Service => ({ name: '', vip, serving: [], draining: [] }));
  return [...services, ...refusing];
}
