/**
 * A Swarm that is not there, for looking at large ones: the agent's own API over made-up records.
 *   node lab/tools/simulation.ts SOCKET [HOSTS CONTAINERS GROUPS]
 */
import { localApi, type Reporter } from '../../src/api/api.ts';
import type { HostBalance, HostEvent, HostLive } from '../../src/contract/answers.ts';
import type { EndpointReport, HostReport, NetworkReport } from '../../src/contract/report.ts';
import { bareAddress } from '../../src/core/local.ts';
import { portName, vxlanName } from '../../src/core/names.ts';
import { listenAt } from '../../src/system/listen.ts';

export interface Size {
  readonly hosts: number;
  readonly containers: number;
  readonly groups: number;
}

const NETWORKS = ['telemetry', 'cluster', 'media', 'control'];
const SERVICES = ['ingest', 'cache', 'web', 'worker', 'player', 'sensor'];
const MEMBERS = 12;
const FIRST_VNI = 8_000_001;

/** A number from 0 to 1 that is always the same for the same words. */
function chance(...words: (string | number)[]): number {
  let hash = 2166136261;
  for (const character of words.join(' ')) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
  }
  hash ^= hash >>> 15;
  return (Math.imul(hash, 2246822519) >>> 0) / 2 ** 32;
}

interface Container extends EndpointReport {
  readonly host: number;
  readonly network: number;
}

function containersOf({ hosts, containers }: Size): Container[] {
  return Array.from({ length: containers }, (_, n) => {
    const network = Math.floor(chance('network', n) ** 1.6 * NETWORKS.length);
    const name = SERVICES[Math.floor(chance('service', n) * SERVICES.length)] as string;
    const id = (n + 1).toString(16).padStart(13, '0').padEnd(64, '0');
    const low = `${(n >> 8) + 1}.${n & 255}`;
    return {
      ...{ id, port: portName(id), address: `10.${network}.${low}/16`, carriesMulticast: true },
      mac: `02:42:0a:0${network}:${hex(n >> 8)}:${hex(n)}`,
      container: `${name}.${n}`,
      host: Math.floor(chance('host', n) * hosts),
      network,
      service: { name: `${NETWORKS[network]}_${name}`, vip: `10.${network}.255.2`, serving: true },
    };
  });
}

const hex = (n: number): string => (n & 255).toString(16).padStart(2, '0');
const hostAddress = (n: number): string => `10.77.${n >> 8}.${(n & 255) + 1}`;
const groupName = (n: number): string => `239.${20 + (n >> 8)}.${n & 255}.${1 + (n % 200)}`;

interface Group {
  readonly group: string;
  readonly network: number;
  readonly members: readonly Container[];
  readonly sender: Container;
  readonly rate: number;
}

function groupsOf({ groups }: Size, containers: readonly Container[]): Group[] {
  return Array.from({ length: groups }, (_, n) => {
    const network = Math.floor(chance('of', n) ** 1.6 * NETWORKS.length);
    const there = containers.filter((it) => it.network === network);
    const pick = (what: string) =>
      there[Math.floor(chance(what, n) * there.length)] ?? (containers[0] as Container);
    const count = 2 + Math.floor(chance('members', n) * MEMBERS);
    const members = new Set(Array.from({ length: count }, (_, m) => pick(`member ${m}`)));
    const rate = chance('sends', n) < 0.7 ? 10 ** (1 + 3 * chance('rate', n)) : 0;
    return { group: groupName(n), network, members: [...members], sender: pick('sender'), rate };
  });
}

/** What so many hosts tell of themselves: containers and groups, whose traffic comes and goes. */
export function simulatedHosts(size: Size) {
  const containers = containersOf(size);
  const groups = groupsOf(size, containers);
  const started = performance.now();
  const hosts = Array.from({ length: size.hosts }, (_, n) => n);
  const network = (at: number, host: number): NetworkReport => {
    const bridge = `cb${FIRST_VNI + at}`;
    const endpoints = containers.filter((it) => it.host === host && it.network === at);
    const own = groups.filter((it) => it.network === at);
    const joined = own.flatMap(({ group, members }) =>
      members
        .filter((it) => it.host === host)
        .map(({ port }) => ({ bridge, port, group, mode: 'exclude' as const })),
    );
    return {
      ...{ id: `network${at}`, name: NETWORKS[at] as string, vni: FIRST_VNI + at, mtu: 1450 },
      ...{ subnet: `10.${at}.0.0/16`, options: {}, hosts: hosts.map(hostAddress), refused: [] },
      ...{ endpoints: endpoints.map(({ host: _, network: __, ...it }) => it), joined },
      groups: [...new Set(joined.map((it) => it.group))].map((group) => {
        return { group, mode: 'exclude' as const, sources: [] };
      }),
    };
  };
  const reports = hosts.map((host): HostReport => {
    const tunnel = { address: hostAddress(host), port: 4789, mtu: 1500 };
    const peers = hosts
      .filter((it) => it !== host)
      .map((it) => ({
        ...{ address: hostAddress(it), tunnel: hostAddress(it), node: `node${it}` },
        state: 'up' as const,
        since: 0,
        listed: true,
        networks: [],
      }));
    const networks = NETWORKS.map((_, at) => network(at, host));
    return {
      ...{ version: 1, agent: 'simulated', peerPort: 4790, now: Date.now(), startedAt: 0 },
      ...{ encryption: 'none', refusedSteps: 0, node: `node${host}`, tunnel, peers, networks },
    };
  });
  const live = (host: number): HostLive => {
    const at = performance.now() - started;
    /** What a steady sender whose rate swings slowly has sent by now. */
    const sent = ({ group, rate }: Group) => {
      const phase = 6 * chance('phase', group);
      return Math.floor(rate * (at / 1000 + 4 * (Math.sin(at / 9000 + phase) - Math.sin(phase))));
    };
    const counts = new Map<string, { sent: number; received: number }>();
    const add = (port: string, way: 'sent' | 'received', packets: number) => {
      const found = counts.get(port) ?? { sent: 0, received: 0 };
      found[way] += packets;
      counts.set(port, found);
    };
    for (const it of groups) {
      add(it.sender.port, 'sent', sent(it));
      for (const member of it.members) add(member.port, 'received', sent(it));
    }
    const own = new Set(containers.filter((it) => it.host === host).map((it) => it.port));
    const devices = [...own, ...NETWORKS.map((_, n) => vxlanName(FIRST_VNI + n))].map((dev) => {
      const { sent: out, received } = counts.get(dev) ?? { sent: 0, received: 0 };
      // Turned: the port of a bridge receives what its container sends.
      return {
        ...{ dev, receivedBytes: out * 500, receivedPackets: out, receivedDropped: 0 },
        ...{ sentBytes: received * 500, sentPackets: received, sentDropped: 0 },
      };
    });
    const flows = groups
      .filter((it) => it.sender.host === host && it.rate > 0)
      .map((it) => ({
        ...{ port: it.sender.port, source: bareAddress(it.sender.address), group: it.group },
        ...{ packets: sent(it), bytes: sent(it) * 500 },
      }));
    const report = reports[host] as HostReport;
    const events = eventsOf(host);
    return {
      name: `host-${host + 1}`,
      report,
      traffic: { at, devices, flows, dropped: [] },
      events,
    };
  };
  return { reports, live };
}

/** A reporter of the first of so many hosts, to whom the others answer. */
export function simulatedReporter(size: Size): Reporter {
  const { reports, live } = simulatedHosts(size);
  const balance: HostBalance = { services: [], counts: [] };
  return {
    report: () => reports[0] as HostReport,
    plan: async () => [],
    flows: async () => ({ host: hostAddress(0), seconds: 1, flows: [] }),
    balance: async () => balance,
    live: async () => live(0),
    metrics: async () => ({ text: '', type: 'text/plain' }),
    askPeers: async ({ what }, take) => {
      for (const [host, report] of [...reports.entries()].slice(1)) {
        const answer = what === 'live' ? live(host) : what === 'report' ? report : balance;
        await take({ address: hostAddress(host), answer });
      }
    },
  };
}

function eventsOf(host: number): HostEvent[] {
  return Array.from({ length: 5 }, (_, n) => ({
    ...{ id: `${host}-${n}`, at: Date.now() - 60_000 * (n + 1), level: 'info' as const },
    text: `forwarding changed: add: group ${groupName(host + n)} from any source leaves by cx${FIRST_VNI}`,
  }));
}

if (import.meta.main) {
  const [socket = '', ...numbers] = process.argv.slice(2);
  const [hosts = 12, containers = 1000, groups = 200] = numbers.map(Number);
  await listenAt(socket, localApi(simulatedReporter({ hosts, containers, groups })));
}
