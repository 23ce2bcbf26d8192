import type { Service } from './services.ts';

/** So many services without a task are remembered of a network; each is part of every container's rules. */
export const FORMER_MOST = 64;

export interface Remembered {
  readonly services: Service[];
  /** Addresses of those that have no task, the latest last. */
  readonly former: readonly string[];
}

/**
 * The services of a network without those that have had no task for longest. One without tasks may be
 * scaled to none, or gone for good: a stack that is deployed anew has other addresses each time.
 * @param former the last answer's
 */
export function latestFormer(services: Service[], former: readonly string[]): Remembered {
  const idle = new Set(services.filter(isFormer).map((it) => it.vip));
  const known = new Set(former);
  const all = [...former.filter((it) => idle.has(it)), ...[...idle].filter((it) => !known.has(it))];
  const kept = all.slice(-FORMER_MOST);
  if (kept.length === all.length) return { services, former: kept };
  const latest = new Set(kept);
  return {
    services: services.filter(({ vip }) => !idle.has(vip) || latest.has(vip)),
    former: kept,
  };
}

/** Nobody is a task of it, though a container may have its address by now. */
const isFormer = ({ vip, serving, draining, isTaken }: Service): boolean =>
  isTaken !== true && draining.length === 0 && serving.every((it) => it === vip);
