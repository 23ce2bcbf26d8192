import { Counter, Gauge, type Registry } from 'prom-client';
import type { DeviceCount, HostTraffic } from '../contract/answers.ts';
import type { EndpointReport, HostReport, NetworkReport } from '../contract/report.ts';
import { FAULT_SUBJECTS, PEER_STATES } from '../contract/report.ts';
import { portName, vxlanOf } from '../core/names.ts';

/** All that one answer is made of, beside what was measured since the agent's start. */
export interface Scrape {
  readonly report: HostReport;
  readonly traffic: HostTraffic;
  /** Other hosts that listen to this one. */
  readonly listeners: number;
  /** End of this node's certificate, milliseconds since 1970. */
  readonly certificateExpires: number | undefined;
}

/**
 * The metrics that are read when they are asked for, filled anew for each answer: of a container or
 * group that is gone nothing is said any more.
 * @returns the function that fills them
 */
export function scrapedMetrics(registry: Registry): (scrape: Scrape) => void {
  const all = makeMetrics(registry);
  return (scrape) => {
    for (const metric of registry.getMetricsAsArray()) {
      if (all.names.has(metric.name)) (metric as unknown as Gauge).reset();
    }
    fillHost(all, scrape);
    const devices = new Map(scrape.traffic.devices.map((it) => [it.dev, it]));
    for (const network of scrape.report.networks) {
      fillNetwork(all, network, devices);
      fillGroups(all, network, scrape.traffic);
      fillFast(all, network, scrape.traffic);
    }
    const { packets = [], dropped = [] } = scrape.traffic.fastPath ?? {};
    for (const { way, packets: number } of packets) all.fastPackets.inc({ way }, number);
    for (const { reason, packets: number } of dropped) all.fastDropped.inc({ reason }, number);
  };
}

type All = ReturnType<typeof makeMetrics>;

function makeMetrics(registry: Registry) {
  const names = new Set<string>();
  const options = (name: string, help: string, labelNames: string[]) => {
    names.add(name);
    return { name, help, labelNames, registers: [registry] };
  };
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new Gauge(options(name, help, labels));
  const counter = (name: string, help: string, ...labels: string[]) =>
    new Counter(options(name, help, labels));
  /** The four counters of something that sends and receives. */
  const way = (what: string, by: string, ...labels: string[]) => ({
    sentBytes: counter(`${what}_sent_bytes_total`, `Bytes sent ${by}.`, ...labels),
    sentPackets: counter(`${what}_sent_packets_total`, `Packets sent ${by}.`, ...labels),
    receivedBytes: counter(`${what}_received_bytes_total`, `Bytes received ${by}.`, ...labels),
    receivedPackets: counter(
      `${what}_received_packets_total`,
      `Packets received ${by}.`,
      ...labels,
    ),
  });
  const sender = ['network', 'group', 'container'];
  return {
    names,
    build: gauge('castnet_build_info', 'Always 1; the version is a label.', 'version'),
    inSwarm: gauge('castnet_in_swarm', '1 if this host takes part in its Swarm, else 0.'),
    faults: gauge(
      'castnet_faults',
      'By what the agent needs: 1 if it has lacked it for some seconds, else 0.',
      'subject',
    ),
    peers: gauge('castnet_peers', 'Other hosts with a common network.', 'state'),
    sessions: gauge('castnet_sessions', 'Other hosts that listen to this one.'),
    containers: gauge('castnet_containers', 'Containers on this host.', 'network'),
    groups: gauge('castnet_groups', 'Groups that containers on this host joined.', 'network'),
    groupsRefused: gauge(
      'castnet_groups_refused',
      'Joined groups that other hosts are not told of.',
      ...['network', 'container', 'reason'],
    ),
    expires: gauge(
      'castnet_certificate_expiry_timestamp_seconds',
      'End of the Swarm certificate of this node, which the sessions use.',
    ),
    container: way('castnet_container', 'by a container', 'network', 'container'),
    tunnel: way('castnet_tunnel', 'through the tunnel', 'network'),
    groupBytes: counter(
      'castnet_group_sent_bytes_total',
      'Bytes that containers on this host sent to a group.',
      ...sender,
    ),
    groupPackets: counter(
      'castnet_group_sent_packets_total',
      'Packets that containers on this host sent to a group.',
      ...sender,
    ),
    dropped: counter(
      'castnet_dropped_packets_total',
      'Packets dropped: by settings, at a container that takes none, by the tunnel out or in.',
      ...['network', 'reason'],
    ),
    fastHost: way(
      'castnet_fast_path',
      'to and from another host by the fast path',
      'network',
      'host',
    ),
    fastPackets: counter(
      'castnet_fast_path_packets_total',
      'Packets that the fast path took or left to bridge and tunnel.',
      'way',
    ),
    fastDropped: counter(
      'castnet_fast_path_dropped_packets_total',
      'Packets that the fast path could not deliver, by why.',
      'reason',
    ),
    tunnelDropped: counter(
      'castnet_tunnel_refused_packets_total',
      'VXLAN packets that this host did not take, by why: not by the hosts’ network, or from no host.',
      'reason',
    ),
    handshake: gauge(
      'castnet_wireguard_handshake_timestamp_seconds',
      'Last handshake with another host of an encrypted network, since 1970; 0: none yet.',
      ...['host', 'carrier'],
    ),
    memory: gauge('process_resident_memory_bytes', 'Memory of the agent.'),
    started: gauge('process_start_time_seconds', 'Start of the agent, since 1970.'),
    cpu: counter('process_cpu_seconds_total', 'CPU time of the agent.'),
  };
}

function fillHost(all: All, { report, listeners, certificateExpires }: Scrape): void {
  all.build.set({ version: report.agent }, 1);
  all.inSwarm.set(report.problem === undefined ? 1 : 0);
  for (const subject of FAULT_SUBJECTS) all.faults.set({ subject }, 0);
  for (const { subject } of report.faults ?? []) all.faults.set({ subject }, 1);
  for (const state of PEER_STATES) all.peers.set({ state }, 0);
  for (const { state } of report.peers) all.peers.inc({ state });
  all.sessions.set(listeners);
  const { notByUnderlay = 0, notFromAHost = 0, inClear } = report.tunnelDropped ?? {};
  all.tunnelDropped.inc({ reason: 'not-by-underlay' }, notByUnderlay);
  all.tunnelDropped.inc({ reason: 'not-from-a-host' }, notFromAHost);
  if (inClear !== undefined) all.tunnelDropped.inc({ reason: 'in-clear' }, inClear);
  for (const { address: host, handshake = 0 } of report.wireguard?.peers ?? [])
    all.handshake.set({ host, carrier: report.wireguard?.by ?? '' }, handshake / 1000);
  if (certificateExpires !== undefined) all.expires.set(certificateExpires / 1000);
  else all.expires.remove();
  all.memory.set(process.memoryUsage.rss());
  all.started.set(performance.timeOrigin / 1000);
  const { user, system } = process.cpuUsage();
  all.cpu.inc((user + system) / 1e6);
}

function fillNetwork(
  all: All,
  report: NetworkReport,
  devices: ReadonlyMap<string, DeviceCount>,
): void {
  const network = nameOf(report);
  const drop = (reason: string, packets: number) => all.dropped.inc({ network, reason }, packets);
  all.containers.set({ network }, report.endpoints.length);
  all.groups.set({ network }, report.groups.length);
  for (const { port, reason, count } of report.refused) {
    all.groupsRefused.inc({ network, container: containerAt(report, port), reason }, count);
  }
  for (const endpoint of report.endpoints) {
    const port = devices.get(portName(endpoint.id));
    if (port === undefined) continue;
    // What the bridge's port receives is what the container has sent.
    const turned = {
      sentBytes: port.receivedBytes,
      sentPackets: port.receivedPackets,
      receivedBytes: port.sentBytes,
      receivedPackets: port.sentPackets,
    };
    count(all.container, { network, container: labelOf(endpoint) }, turned);
    drop('container', port.sentDropped);
  }
  const tunnel = devices.get(vxlanOf(report));
  if (tunnel === undefined) return;
  count(all.tunnel, { network }, tunnel);
  drop('tunnel-out', tunnel.sentDropped);
  drop('tunnel-in', tunnel.receivedDropped);
}

function fillGroups(all: All, report: NetworkReport, { flows, dropped }: HostTraffic): void {
  const network = nameOf(report);
  const refused = dropped.find((it) => it.vni === report.vni)?.packets ?? 0;
  all.dropped.inc({ network, reason: 'settings' }, refused);
  const ports = new Set(report.endpoints.map((it) => it.port));
  for (const { port, group, bytes, packets } of flows) {
    if (!ports.has(port)) continue;
    const labels = { network, group, container: containerAt(report, port) };
    all.groupBytes.inc(labels, bytes);
    all.groupPackets.inc(labels, packets);
  }
}

function fillFast(all: All, report: NetworkReport, { fastPath }: HostTraffic): void {
  for (const { vni, host, ...counted } of fastPath?.hosts ?? [])
    if (vni === report.vni) count(all.fastHost, { network: nameOf(report), host }, counted);
}

function count(
  way: All['container'],
  labels: Record<string, string>,
  counted: Record<keyof All['container'], number>,
): void {
  way.sentBytes.inc(labels, counted.sentBytes);
  way.sentPackets.inc(labels, counted.sentPackets);
  way.receivedBytes.inc(labels, counted.receivedBytes);
  way.receivedPackets.inc(labels, counted.receivedPackets);
}

const nameOf = ({ name, id }: NetworkReport): string => name ?? id;

const labelOf = ({ container, address }: EndpointReport): string => container ?? address;

function containerAt({ endpoints }: NetworkReport, port: string): string {
  const endpoint = endpoints.find((it) => it.port === port);
  return endpoint === undefined ? port : labelOf(endpoint);
}
