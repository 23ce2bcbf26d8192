import type { HostLive } from '../../contract/answers.ts';
import type { GroupRow } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';
import { bareAddress } from '../local.ts';
import { groupsTable } from './groups-table.ts';
import { Span } from './span.ts';

/**
 * The whole Swarm as the dashboard draws it. Hosts, networks and containers are named by their place
 * in the lists, which are sorted; all rates are per second.
 */
export interface SwarmView {
  readonly hosts: readonly HostView[];
  readonly networks: readonly NetworkView[];
  readonly containers: readonly ContainerView[];
  readonly groups: readonly GroupView[];
}

export interface HostView {
  /** The tunnel's. */
  readonly address: string;
  readonly name: string;
  /** Why it did not answer; absent when it did. */
  readonly silent?: string;
  /** Who carries its encrypted networks' packets, and when its last handshake was, by its own clock. */
  readonly wireguard?: { readonly by: string; readonly networks: string; readonly ago?: number };
  /** What is wrong, a sentence each. */
  readonly troubles: readonly string[];
}

export interface NetworkView {
  readonly name: string;
  readonly vni: number;
  readonly subnet?: string;
  readonly mtu?: number;
  /** What its containers sent; multicast counts once. */
  readonly bytes: number;
  readonly packets: number;
  /** What settings made hosts drop. */
  readonly dropped: number;
}

export interface ContainerView {
  readonly name: string;
  readonly host: number;
  readonly network: number;
  readonly address: string;
  readonly ipv6?: string;
  readonly mac: string;
  readonly service?: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface GroupView {
  readonly network: number;
  readonly group: string;
  readonly sources: GroupRow['sources'];
  readonly members: readonly number[];
  readonly senders: readonly number[];
  /** Hosts that get a copy. */
  readonly copiedTo: readonly number[];
  readonly bytes: number;
  readonly packets: number;
  /** Why members of it are not told to other hosts. */
  readonly refused: readonly string[];
}

/** What the agent answers at /v1/live. */
export interface LiveAnswer {
  readonly hosts: readonly HostLive[];
  readonly silent: readonly { readonly address: string; readonly error: string }[];
}

function wireguardOf({ wireguard, networks, now }: HostReport): Pick<HostView, 'wireguard'> {
  if (wireguard === undefined) return {};
  const last = Math.max(0, ...wireguard.peers.map((it) => it.handshake ?? 0));
  const names = networks.flatMap((it) => (it.options.encrypted ? [it.name ?? it.id] : []));
  const ago = last === 0 ? {} : { ago: Math.max(0, now - last) };
  return { wireguard: { by: wireguard.by, networks: names.join(', '), ...ago } };
}

/**
 * @param before an earlier answer, for rates; without it all are 0
 * @param by.troubles what is wrong with a host by its own report
 * @param by.names of hosts that answered earlier, by address
 */
export function swarmView(
  now: LiveAnswer,
  before: LiveAnswer | undefined,
  by: {
    readonly troubles: (report: HostReport) => readonly string[];
    readonly names: ReadonlyMap<string, string>;
  },
): SwarmView {
  const earlier = new Map(before?.hosts.map((it) => [addressOf(it.report), it.traffic]));
  const live = [...now.hosts].sort((a, b) => compare(addressOf(a.report), addressOf(b.report)));
  const spans = live.map(({ report, traffic }) => {
    const was = earlier.get(addressOf(report));
    return new Span(was, traffic);
  });
  const hosts: HostView[] = [
    ...live.map(({ name, report }) => ({
      address: addressOf(report),
      name,
      ...wireguardOf(report),
      troubles: by.troubles(report),
    })),
    ...now.silent.map(({ address, error }) => ({
      ...{ address, name: by.names.get(address) ?? address, silent: error, troubles: [] },
    })),
  ];
  const networks = new Networks();
  const containers: ContainerView[] = [];
  const places = new Map<string, number>();
  for (const [host, { report }] of live.entries()) {
    const span = spans[host] as Span;
    for (const network of report.networks) {
      const name = network.name ?? network.id;
      const at = networks.at(name, network, span.dropped(network.vni));
      for (const it of network.endpoints) {
        const rate = span.device(it.port);
        networks.add(at, rate);
        const label = it.container ?? it.address;
        places.set(`${addressOf(report)}\0${name}\0${label}`, containers.length);
        containers.push({
          ...{ name: it.container ?? bareAddress(it.address), host, network: at },
          ...{ address: bareAddress(it.address), mac: it.mac },
          ...(it.ipv6 === undefined ? {} : { ipv6: it.ipv6 }),
          ...(it.service === undefined ? {} : { service: it.service.name }),
          sentBytes: rate.receivedBytes,
          receivedBytes: rate.sentBytes,
        });
      }
    }
  }
  const flows = live.map(({ report }, at) => (spans[at] as Span).flows(addressOf(report)));
  const rows = groupsTable(
    live.map((it) => it.report),
    flows,
  );
  return {
    hosts,
    networks: networks.list,
    containers,
    groups: rows.map((row) => groupView(row, { hosts, networks, places })),
  };
}

function groupView(
  row: GroupRow,
  of: { hosts: readonly HostView[]; networks: Networks; places: ReadonlyMap<string, number> },
): GroupView {
  const found = (places: readonly { host: string; container: string }[]) => {
    const at = places.map((it) => of.places.get(`${it.host}\0${row.network}\0${it.container}`));
    return [...new Set(at.filter((it) => it !== undefined))];
  };
  return {
    network: of.networks.indexOf(row.network),
    group: row.group,
    sources: row.sources,
    members: found(row.members),
    senders: found(row.senders),
    copiedTo: row.copiedTo.map((it) => of.hosts.findIndex(({ address }) => address === it)),
    bytes: row.bytesPerSecond,
    packets: row.packetsPerSecond,
    refused: (row.refused ?? []).map((it) => `${it.container}, ${it.groups} groups: ${it.reason}`),
  };
}

class Networks {
  readonly list: (NetworkView & { bytes: number; packets: number; dropped: number })[] = [];
  readonly #places = new Map<string, number>();

  indexOf(name: string): number {
    return this.#places.get(name) ?? -1;
  }

  at(
    name: string,
    { vni, subnet, mtu }: { vni: number; subnet?: string; mtu?: number },
    dropped: number,
  ): number {
    let at = this.#places.get(name);
    if (at === undefined) {
      at = this.list.length;
      this.#places.set(name, at);
      this.list.push({
        ...{ name, vni, bytes: 0, packets: 0, dropped: 0 },
        ...(subnet === undefined ? {} : { subnet }),
        ...(mtu === undefined ? {} : { mtu }),
      });
    }
    const network = this.list[at];
    if (network !== undefined) network.dropped += dropped;
    return at;
  }

  add(at: number, rate: { receivedBytes: number; receivedPackets: number }): void {
    const network = this.list[at];
    if (network === undefined) return;
    network.bytes += rate.receivedBytes;
    network.packets += rate.receivedPackets;
  }
}

const addressOf = ({ tunnel }: HostReport): string => tunnel?.address ?? 'unknown';

const compare = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
