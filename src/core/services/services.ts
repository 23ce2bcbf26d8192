import type { LocalEndpoint } from '../local.ts';
import type { EndpointRecord } from '../records.ts';

/** A service as containers of one network reach it: a virtual address and the tasks behind it. */
export interface Service {
  readonly name: string;
  /** Virtual IPv4 address. */
  readonly vip: string;
  /** Addresses of the tasks that take new connections, sorted. None: it is refused. */
  readonly serving: readonly string[];
  /** Addresses of tasks that are being stopped, or not yet healthy: connections they have stay. */
  readonly draining: readonly string[];
  /** Its address is a container's as well, and leads there. */
  readonly isTaken?: true;
}

/** What counts of a host's record: which addresses its containers have, and their places in services. */
export interface TasksRecord {
  readonly endpoints: readonly Pick<EndpointRecord, 'ip' | 'service'>[];
}

/**
 * The services of one network, from what every host says of its own tasks. A host that is gone has
 * no record, so its tasks are gone here too. Sorted by address.
 *
 * Docker may give the address of a service that is no more to a container, and 20.10 was seen to give
 * away one that is in use, to a container that its Swarm had not let onto the network in time and that
 * was started again. Then it leads to the container alone, and connections that were begun to the
 * service meanwhile find their way there as to another task.
 *
 * @param known services of before: one whose last task went stays, without tasks, since its
 *   address still belongs to it and must refuse instead of keeping clients waiting. Bounded by
 *   `latestFormer`.
 */
export function servicesOf(
  records: Iterable<TasksRecord>,
  known: Iterable<Pick<Service, 'name' | 'vip'>> = [],
): Service[] {
  const found = new Map<string, { name: string; serving: Set<string>; draining: Set<string> }>();
  const entry = (vip: string, name: string) => {
    const before = found.get(vip);
    if (before !== undefined) return before;
    const made = { name, serving: new Set<string>(), draining: new Set<string>() };
    found.set(vip, made);
    return made;
  };
  const containers = new Set<string>();
  for (const { endpoints } of records) {
    for (const { ip, service } of endpoints) {
      containers.add(ip);
      if (service === undefined) continue;
      const of = entry(service.vip, service.name);
      // Hosts may differ for a moment after an address went from one service to another.
      if (service.name < of.name) of.name = service.name;
      (service.serving ? of.serving : of.draining).add(ip);
    }
  }
  for (const { vip, name } of known) entry(vip, name);
  return [...found]
    .map(([vip, { name, serving, draining }]): Service => {
      if (containers.has(vip)) {
        const isInUse = serving.size + draining.size > 0;
        return { name, vip, serving: [vip], draining: [], ...(isInUse ? { isTaken: true } : {}) };
      }
      const left = [...draining].filter((ip) => !serving.has(ip)).sort();
      return { name, vip, serving: [...serving].sort(), draining: left };
    })
    .sort((a, b) => (a.vip < b.vip ? -1 : 1));
}

export interface SandboxInput {
  readonly endpoints: Iterable<LocalEndpoint>;
  /** The services of a network, by Docker's network id. */
  readonly services: (network: string) => readonly Service[];
}

/**
 * The services that each container reaches, over all its networks, by its namespace's path.
 * Containers on the same networks get the same array: what is worked out for one serves all.
 */
export function servicesBySandbox({
  endpoints,
  services,
}: SandboxInput): Map<string, readonly Service[]> {
  const networks = new Map<string, Set<string>>();
  for (const { sandbox, network } of endpoints) {
    if (sandbox === undefined) continue;
    networks.set(sandbox, (networks.get(sandbox) ?? new Set()).add(network));
  }
  const shared = new Map<string, readonly Service[]>();
  return new Map(
    [...networks].map(([sandbox, ids]) => {
      const key = [...ids].sort().join(' ');
      const all = shared.get(key) ?? oneOfEach([...ids].sort().flatMap(services));
      shared.set(key, all);
      return [sandbox, all] as const;
    }),
  );
}

/** Two networks may have one subnet; a container cannot tell their addresses apart either. */
function oneOfEach(services: readonly Service[]): readonly Service[] {
  const byVip = new Map<string, Service>();
  for (const it of services) if (!byVip.has(it.vip)) byVip.set(it.vip, it);
  return [...byVip.values()];
}
