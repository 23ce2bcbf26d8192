import type { HostBalance, TaskCount } from '../../contract/answers.ts';
import type { Backend, ServiceRow } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';
import { bareAddress } from '../local.ts';

/** Every service of every network of some hosts, sorted by network and name. */
export function servicesTable(
  hosts: readonly HostReport[],
  balances: readonly HostBalance[],
): ServiceRow[] {
  const names = new Map<string, string>();
  const rows = new Map<
    string,
    { network: string; service: string; vip: string; tasks: Backend[] }
  >();
  const row = (network: string, service: string, vip: string) => {
    const key = `${network} ${vip}`;
    const found = rows.get(key) ?? { network, service, vip, tasks: [] };
    rows.set(key, found);
    return found;
  };
  const counts = sums(balances);
  for (const { tunnel, networks } of hosts) {
    for (const { id, name, endpoints } of networks) {
      if (name !== undefined) names.set(id, name);
      for (const { address, container, service } of endpoints) {
        if (service === undefined) continue;
        const task = bareAddress(address);
        const { connections, packets, bytes } = counts.get(`${service.vip} ${task}`) ?? NOTHING;
        row(id, service.name, service.vip).tasks.push({
          address: task,
          ...(container === undefined ? {} : { container }),
          host: tunnel?.address ?? '',
          serving: service.serving,
          connections,
          packets,
          bytes,
        });
      }
    }
  }
  for (const { services } of balances) {
    for (const { network, name, vip } of services) row(network, name, vip);
  }
  return [...rows.values()]
    .map(({ network, service, vip, tasks }) => ({
      network: names.get(network) ?? network,
      service,
      vip,
      backends: tasks.sort((a, b) => (a.address < b.address ? -1 : 1)),
    }))
    .sort((a, b) => (`${a.network} ${a.service}` < `${b.network} ${b.service}` ? -1 : 1));
}

const NOTHING = { connections: 0, packets: 0, bytes: 0 };

/** Those of several containers or hosts taken together, by virtual address and task. */
export function sums(parts: readonly Pick<HostBalance, 'counts'>[]): Map<string, TaskCount> {
  const found = new Map<string, TaskCount>();
  for (const it of parts.flatMap(({ counts }) => counts)) {
    const key = `${it.vip} ${it.task}`;
    const { connections, packets, bytes } = found.get(key) ?? NOTHING;
    found.set(key, {
      ...it,
      connections: it.connections + connections,
      packets: it.packets + packets,
      bytes: it.bytes + bytes,
    });
  }
  return found;
}
