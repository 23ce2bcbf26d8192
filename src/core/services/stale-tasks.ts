import type { Fact } from '../forwarding/facts.ts';
import type { LocalNetwork } from '../local.ts';
import { bridgeName } from '../names.ts';
import type { Service, TasksRecord } from './services.ts';

/** What hosts that were not heard yet would say of their tasks on a network, as far as is known. */
export type StaleTasks = (
  network: Pick<LocalNetwork, 'id' | 'vni'>,
  heard: readonly TasksRecord[],
) => TasksRecord;

/**
 * The tasks that an earlier agent knew and whose hosts were not heard yet: those that the kernel still
 * leads to by stale facts. An address that a host was heard of is not stale, whoever had it before.
 *
 * @param earlier the services of each network, by Docker's id
 * @param facts the stale ones that stay for now
 */
export function staleTasks(
  earlier: ReadonlyMap<string, readonly Service[]>,
  facts: readonly Fact[],
): StaleTasks {
  const ways = new Set(
    facts.flatMap((it) => (it.kind === 'neighbour' ? [`${it.dev} ${it.ip}`] : [])),
  );
  return ({ id, vni }, records) => {
    const heard = new Set(records.flatMap((it) => it.endpoints.map(({ ip }) => ip)));
    const stays = (ip: string) => ways.has(`${bridgeName(vni)} ${ip}`) && !heard.has(ip);
    const endpoints = (earlier.get(id) ?? []).flatMap(({ name, vip, serving, draining }) => {
      const tasks = (ips: readonly string[], isServing: boolean) =>
        ips.filter(stays).map((ip) => {
          // A service's own address is a container's as well, which need not be a task.
          return ip === vip ? { ip } : { ip, service: { name, vip, serving: isServing } };
        });
      return [...tasks(serving, true), ...tasks(draining, false)];
    });
    return { endpoints };
  };
}
