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
  const drafts = new Map<string, Draft>();
  const draft = (network: string, group: string): Draft => {
    const key = `${network}\0${group}`;
    const found = drafts.get(key) ?? emptyDraft();
    drafts.set(key, found);
    return found;
  };
  for (const report of reports) {
    const host = report.tunnel?.address ?? 'unknown';
    const flows = measured.find((it) => it.host === host);
    for (const network of report.networks) {
      const name = network.name ?? network.id;
      addMembers(network, host, (group) => draft(name, group));
      addSenders({ network, host, flows }, (group) => draft(name, group));
    }
  }
  const carriers = carriersByMac(reports, drafts);
  return [...drafts]
    .map(([key, it]) => {
      const [network, group] = key.split('\0') as [string, string];
      return finished([network, group], it, carriers(network, group));
    })
    .sort((a, b) => compare(a.network, b.network) || compare(a.group, b.group));
}

/**
 * The hosts that a MAC is copied to: members of any group with that MAC, or all that have the
 * network where it is also the MAC of a group for all.
 */
function carriersByMac(reports: readonly HostReport[], drafts: ReadonlyMap<string, Draft>) {
  const found = new Map<string, Set<string>>();
  const add = (network: string, mac: string, host: string) => {
    const key = `${network}\0${mac}`;
    found.set(key, (found.get(key) ?? new Set()).add(host));
  };
  for (const [key, { hosts }] of drafts) {
    const [network, group] = key.split('\0') as [string, string];
    for (const host of hosts) add(network, groupMac(group), host);
  }
  for (const { tunnel, networks } of reports) {
    for (const { name, id } of networks) add(name ?? id, FOR_ALL, tunnel?.address ?? 'unknown');
  }
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

function addMembers(network: NetworkReport, host: string, draft: (group: string) => Draft): void {
  for (const { port, group } of network.joined) {
    draft(group).members.set(`${host} ${port}`, placeOf(network, port, host));
  }
  for (const { group, mode, sources } of network.groups) {
    const it = draft(group);
    it.hosts.add(host);
    if (mode === 'exclude') it.sources = 'any';
    else if (it.sources !== 'any') for (const source of sources) it.sources.add(source);
  }
  for (const { port, count, example, reason } of network.refused) {
    draft(example).refused.push({ ...placeOf(network, port, host), groups: count, reason });
  }
}

function addSenders(
  { network, host, flows }: { network: NetworkReport; host: string; flows: HostFlows | undefined },
  draft: (group: string) => Draft,
): void {
  const ports = new Set(network.endpoints.map((it) => it.port));
  for (const { port, source, group, packets, bytes } of flows?.flows ?? []) {
    if (!ports.has(port)) continue;
    const it = draft(group);
    it.senders.set(`${host} ${port} ${source}`, { ...placeOf(network, port, host), source });
    it.packets += packets / (flows?.seconds ?? 1);
    it.bytes += bytes / (flows?.seconds ?? 1);
  }
}

function placeOf({ endpoints }: NetworkReport, port: string, host: string): Place {
  const endpoint: EndpointReport | undefined = endpoints.find((it) => it.port === port);
  return { container: endpoint?.container ?? endpoint?.address ?? port, host };
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
