import type { Service } from './services.ts';

/**
 * A task without a health check is in service as soon as it listens on anything, which need not yet
 * be all that it will answer on. So a task that joins others gets its first connections a little
 * later; one that has no elder to leave them to gets them at once.
 */

/** How long after a task was first seen in service, milliseconds. */
export const WARM_MS = 1500;

/** When each task was first seen in service, by virtual address and then by task's address. */
export type FirstSeen = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface Warmed {
  /** As given, but with the tasks that warm up among the draining. */
  readonly services: Map<string, Service>;
  readonly seen: FirstSeen;
  /** When the next task is warm; undefined when none warms up. */
  readonly next: number | undefined;
}

/**
 * @param services no two with one virtual address
 * @param before what the last call found; the tasks of a service that is not in it are all warm,
 *   since nobody knows how old they are
 * @param now milliseconds, of any clock that does not go back
 */
export function warmUp(services: Iterable<Service>, before: FirstSeen, now: number): Warmed {
  const seen = new Map<string, ReadonlyMap<string, number>>();
  const warmed = new Map<string, Service>();
  let next: number | undefined;
  for (const service of services) {
    const { vip, serving, draining } = service;
    const known = before.get(vip);
    const unknown = known === undefined ? Number.NEGATIVE_INFINITY : now;
    const since = new Map(serving.map((ip) => [ip, known?.get(ip) ?? unknown]));
    seen.set(vip, since);
    const warm = serving.filter((ip) => (since.get(ip) as number) + WARM_MS <= now);
    if (warm.length === 0 || warm.length === serving.length) {
      warmed.set(vip, service);
      continue;
    }
    const young = serving.filter((ip) => !warm.includes(ip));
    warmed.set(vip, { ...service, serving: warm, draining: [...draining, ...young].sort() });
    for (const ip of young) next = Math.min(next ?? Infinity, (since.get(ip) as number) + WARM_MS);
  }
  return { services: warmed, seen, next };
}
