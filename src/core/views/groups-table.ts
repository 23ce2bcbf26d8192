import type { HostFlows } from '../../contract/answers.ts';
import type { GroupRow, Place } from '../../contract/commands.ts';
import type { EndpointReport, HostReport, NetworkReport } from '../../contract/report.ts';
import { groupMac, isForAll, isLinkLocal } from '../../net/group.ts';

interface Draft {
  members: Map<string, Place>;
  senders: Map<string, Place & { source: string }>;
  sources: Set<string> | 'any';
  packets: number;
  bytes: number;
  hosts: Set<string>;
  refused: (Place & { groups: number; reason: string })[];
}

/** All groups that have a member or a sender, sorted by network and group. */
export function groupsTable(
  reports: readonly HostReport[],
  measured: readonly HostFlows[],
): GroupRow[] {
  const flows = new Map(measured.map((it) => [it.host, it]));
  const table = new GroupsDraft((host) => flows.get(host));
  for (const report of reports) table.add(report);
  return table.rows();
}

/** The same, of one report after the other: of each only what the table shows is kept. */
export class GroupsDraft {
  readonly #flows: (host: string) => HostFlows | undefined;
  readonly #drafts = new Map<string, Draft>();
  /** By network, the hosts that have it. */
  readonly #hosts = new Map<string, string[]>();

  /** @param flows what a host measured; it is asked for with the host's report */
  constructor(flows: (host: string) => HostFlows | undefined) {
    this.#flows = flows;
  }

  add({ tunnel, networks }: HostReport): void {
    const host = tunnel?.address ?? 'unknown';
    const flows = this.#flows(host);
    for (const network of networks) {
      const name = network.name ?? network.id;
      const place = placesOf(network, host);
      const hosts = this.#hosts.get(name) ?? [];
      hosts.push(host);
      this.#hosts.set(name, hosts);
      addMembers({ network, host, place }, (group) => this.#draft(name, group));
      addSenders({ network, host, place, flows }, (group) => this.#draft(name, group));
    }
  }

  rows(): GroupRow[] {
    const carriers = carriersByMac(this.#hosts, this.#drafts);
    return [...this.#drafts]
      .map(([key, it]) => {
        const [network, group] = key.split('\0') as [string, string];
        return finished([network, group], it, carriers(network, group));
      })
      .sort((a, b) => compare(a.network, b.network) || compare(a.group, b.group));
  }

  #draft(network: string, group: string): Draft {
    const key = `${network}\0${group}`;
    const found = this.#drafts.get(key) ?? emptyDraft();
    this.#drafts.set(key, found);
    return found;
  }
}

/**
 * The hosts that a MAC is copied to: members of any group with that MAC, or all that have the
 * network where it is also the MAC of a group for all.
 */
function carriersByMac(
  having: ReadonlyMap<string, readonly string[]>,
  drafts: ReadonlyMap<string, Draft>,
) {
  const found = new Map<string, Set<string>>();
  const add = (network: string, mac: string, host: string) => {
    const key = `${network}\0${mac}`;
    found.set(key, (found.get(key) ?? new Set()).add(host));
  };
  for (const [key, { hosts }] of drafts) {
    const [network, group] = key.split('\0') as [string, string];
    for (const host of hosts) add(network, groupMac(group), host);
  }
  for (const [network, hosts] of having) for (const host of hosts) add(network, FOR_ALL, host);
  return (network: string, group: string): ReadonlySet<string> => {
    const mac = groupMac(group);
    return found.get(`${network}\0${isForAll(mac) ? FOR_ALL : mac}`) ?? new Set();
  };
}

const FOR_ALL = 'for all';

const emptyDraft = (): Draft => ({
  members: new Map(),
  senders: new Map(),
  sources: new Set(),
  packets: 0,
  bytes: 0,
  hosts: new Set(),
  refused: [],
});

interface Part {
  readonly network: NetworkReport;
  readonly host: string;
  readonly place: (port: string) => Place;
}

function addMembers({ network, host, place }: Part, draft: (group: string) => Draft): void {
  for (const { port, group } of network.joined) {
    draft(group).members.set(`${host} ${port}`, place(port));
  }
  for (const { group, mode, sources } of network.groups) {
    const it = draft(group);
    it.hosts.add(host);
    if (mode === 'exclude') it.sources = 'any';
    else if (it.sources !== 'any') for (const source of sources) it.sources.add(source);
  }
  for (const { port, count, example, reason } of network.refused) {
    draft(example).refused.push({ ...place(port), groups: count, reason });
  }
}

function addSenders(
  { network, host, place, flows }: Part & { readonly flows: HostFlows | undefined },
  draft: (group: string) => Draft,
): void {
  const ports = new Set(network.endpoints.map((it) => it.port));
  for (const { port, source, group, packets, bytes } of flows?.flows ?? []) {
    if (!ports.has(port)) continue;
    const it = draft(group);
    it.senders.set(`${host} ${port} ${source}`, { ...place(port), source });
    it.packets += packets / (flows?.seconds ?? 1);
    it.bytes += bytes / (flows?.seconds ?? 1);
  }
}

function placesOf({ endpoints }: NetworkReport, host: string): Part['place'] {
  const byPort = new Map(endpoints.map((it) => [it.port, it]));
  return (port) => {
    const endpoint: EndpointReport | undefined = byPort.get(port);
    return { container: endpoint?.container ?? endpoint?.address ?? port, host };
  };
}

function finished(
  [network, group]: [string, string],
  it: Draft,
  carriers: ReadonlySet<string>,
): GroupRow {
  const senders = [...it.senders.values()];
  // It leaves a host only where another has members of it, or where nobody is asked.
  const leaves = (from: string): boolean =>
    isLinkLocal(group) || [...it.hosts].some((host) => host !== from);
  const receiving = [...carriers].filter((host) =>
    senders.some((sender) => sender.host !== host && leaves(sender.host)),
  );
  return {
    network,
    group,
    sources: it.sources === 'any' ? 'any' : [...it.sources].sort(),
    members: [...it.members.values()],
    senders,
    packetsPerSecond: Math.round(it.packets),
    bytesPerSecond: Math.round(it.bytes),
    copiedTo: receiving.sort(),
    ...(it.refused.length === 0 ? {} : { refused: it.refused }),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
