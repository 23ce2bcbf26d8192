import type { HostBalance, TaskCount } from '../../contract/answers.ts';
import type { Backend, ServiceRow } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';
import { bareAddress } from '../local.ts';

/** Every service of every network of some hosts, sorted by network and name. */
export function servicesTable(
  hosts: readonly HostReport[],
  balances: readonly HostBalance[],
): ServiceRow[] {
  const draft = new ServicesDraft();
  for (const it of hosts) draft.add(it);
  for (const it of balances) draft.count(it);
  return draft.rows();
}

interface Task extends Pick<Backend, 'address' | 'host' | 'serving'> {
  readonly container?: string;
}

/** The same, of one host after the other: of each only what the table shows is kept. */
export class ServicesDraft {
  readonly #names = new Map<string, string>();
  readonly #rows = new Map<
    string,
    { network: string; service: string; vip: string; tasks: Task[] }
  >();
  readonly #counts: Counts = new Map();

  add({ tunnel, networks }: HostReport): void {
    for (const { id, name, endpoints } of networks) {
      if (name !== undefined) this.#names.set(id, name);
      for (const { address, container, service } of endpoints) {
        if (service === undefined) continue;
        this.#row(id, service.name, service.vip).tasks.push({
          address: bareAddress(address),
          ...(container === undefined ? {} : { container }),
          host: tunnel?.address ?? '',
          serving: service.serving,
        });
      }
    }
  }

  count({ services, counts, brief = [] }: HostBalance): void {
    for (const { network, name, vip } of services) this.#row(network, name, vip);
    for (const { vip, task, ...it } of counts) add(sumsAt(this.#counts, vip), task, it);
    for (const { vip, tasks } of brief) {
      const at = sumsAt(this.#counts, vip);
      for (const [task, connections, packets, bytes] of tasks) {
        add(at, task, { connections, packets, bytes });
      }
    }
  }

  rows(): ServiceRow[] {
    const counted = ({ vip }: { vip: string }, { address }: Task) => {
      const { connections, packets, bytes } = this.#counts.get(vip)?.get(address) ?? NOTHING;
      return { connections, packets, bytes };
    };
    return [...this.#rows.values()]
      .map((row) => ({
        network: this.#names.get(row.network) ?? row.network,
        ...{ service: row.service, vip: row.vip },
        backends: row.tasks
          .sort((a, b) => (a.address < b.address ? -1 : 1))
          .map((it) => ({ ...it, ...counted(row, it) })),
      }))
      .sort((a, b) => (`${a.network} ${a.service}` < `${b.network} ${b.service}` ? -1 : 1));
  }

  #row(network: string, service: string, vip: string) {
    const key = `${network} ${vip}`;
    const found = this.#rows.get(key) ?? { network, service, vip, tasks: [] };
    this.#rows.set(key, found);
    return found;
  }
}

const NOTHING = { connections: 0, packets: 0, bytes: 0 };

/** Those of several containers taken together, without those of none. */
export function sums(counts: Iterable<TaskCount>): TaskCount[] {
  const found: Counts = new Map();
  for (const { vip, task, ...it } of counts) {
    if (it.packets > 0 || it.connections > 0) add(sumsAt(found, vip), task, it);
  }
  return [...found].flatMap(([vip, at]) => [...at].map(([task, it]) => ({ vip, task, ...it })));
}

type Sum = { -readonly [Key in keyof Omit<TaskCount, 'vip' | 'task'>]: TaskCount[Key] };

/** By virtual address and task. Sums are made in place: a thousand hosts have half a million of them. */
type Counts = Map<string, Map<string, Sum>>;

function sumsAt(found: Counts, vip: string): Map<string, Sum> {
  const at = found.get(vip) ?? new Map<string, Sum>();
  found.set(vip, at);
  return at;
}

/** @param it not used any more by the caller */
function add(at: Map<string, Sum>, task: string, it: Sum): void {
  const sum = at.get(task);
  if (sum === undefined) {
    at.set(task, it);
    return;
  }
  sum.connections += it.connections;
  sum.packets += it.packets;
  sum.bytes += it.bytes;
}
