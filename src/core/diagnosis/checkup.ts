import type { Checkup, ForeignVxlan } from '../../contract/answers.ts';
import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { linkFindings } from '../forwarding/container-mtu.ts';
import { inCommand } from '../in-command.ts';
import { NOT_SHARED } from '../visible.ts';
import { encryptionChecks } from './encryption.ts';
import { agentFindings, certificateFindings, portFindings } from './health.ts';
import { sessionFinding } from './session-finding.ts';

/** A checkup as another host got it. */
export interface HostCheckup extends Checkup {
  /** How much the host's clock is ahead of the asking host's, milliseconds. */
  readonly clockAheadMs: number;
}

/** All hosts that could be asked. */
export interface SwarmCheckup {
  readonly version: 1;
  readonly hosts: readonly HostCheckup[];
  readonly silent: readonly { readonly address: string; readonly error: string }[];
}

/** A network of castnet's, as Docker knows it. */
export interface KnownNetwork {
  readonly name: string;
  readonly vni: number;
}

/** What Docker says, beside what the agents say. */
export interface FromDocker {
  /** Addresses of the hosts that Docker says are well. */
  readonly others: readonly string[];
  readonly networks: readonly KnownNetwork[];
}

/** Clocks that differ by more make logs hard to read together; TLS allows far more. */
const CLOCK_MS = 2_000;

const addressOf = ({ report }: Pick<Checkup, 'report'>): string =>
  inCommand(report.tunnel?.address ?? report.node ?? 'unknown', 'unknown');

/** Everything that follows from the checkups of all hosts. */
export function checksOf({ hosts, silent }: SwarmCheckup, docker: FromDocker): Check[] {
  const reports = hosts.map((it) => it.report);
  return [
    sessions({ hosts, silent }, docker.others),
    agentChecks(hosts),
    versions(hosts),
    clocks(hosts),
    mtus(hosts),
    certificates(hosts),
    vnis(hosts, docker.networks),
    ports(hosts),
    kernels(hosts),
    routes(hosts),
    ...encryptionChecks(reports, (it) => addressOf({ report: it })),
    ...ownAddresses(hosts),
  ];
}

/** Those that hosts themselves have on networks; what one lacks its agent tells. */
function ownAddresses(hosts: readonly HostCheckup[]): Check[] {
  const found = hosts.flatMap((host) =>
    host.report.networks.flatMap(({ name, id, endpoints }) =>
      endpoints.flatMap((it) =>
        it.exposed === undefined ? [] : `${addressOf(host)} is ${it.address} on ${name ?? id}`,
      ),
    ),
  );
  return found.length === 0
    ? []
    : [{ name: 'Exposed hosts', detail: found.sort().join(', '), findings: [] }];
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

function sessions(
  { hosts, silent }: Pick<SwarmCheckup, 'hosts' | 'silent'>,
  ready: readonly string[],
): Check {
  const findings = hosts.flatMap((host) =>
    host.report.peers
      .map((peer) => ({ ...peer, listed: peer.listed || ready.includes(peer.address) }))
      .flatMap(
        (peer) => sessionFinding(peer, { from: addressOf(host), port: host.report.peerPort }) ?? [],
      ),
  );
  // That an agent is down is one finding, however many hosts say so.
  const unique = [...new Map(findings.map((it) => [it.what, it])).values()];
  for (const { address, error } of silent) {
    if (error === NOT_SHARED || unique.some((it) => it.host === address)) continue;
    unique.push({
      code: 'agent-mute',
      severity: 'error',
      host: address,
      what: `the agent of host ${address} does not answer: ${error}`,
      remedy: `on ${address}: castnet status; docker plugin disable -f and enable castnet:latest`,
    });
  }
  const port = hosts[0]?.report.peerPort ?? 4790;
  const detail =
    hosts.length < 2
      ? 'no other host is known here'
      : `TCP port ${port} is open between all of ${count(hosts.length, 'host')}, both ways`;
  return { name: 'Sessions', detail, findings: unique };
}

function agentChecks(hosts: readonly HostCheckup[]): Check {
  return {
    name: 'Needs',
    detail: 'every agent has what it needs of Docker and of its kernel',
    findings: hosts.flatMap((it) => agentFindings(it.report)),
  };
}

function versions(hosts: readonly HostCheckup[]): Check {
  const found = new Map<string, string[]>();
  for (const host of hosts) {
    const { agent } = host.report;
    found.set(agent, [...(found.get(agent) ?? []), addressOf(host)]);
  }
  const words = [...found].map(([version, on]) => `${version} on ${on.join(', ')}`).join('; ');
  const findings: Finding[] =
    found.size < 2
      ? []
      : [
          {
            code: 'version-differs',
            severity: 'warning',
            what: `the hosts run different releases: ${words}`,
            remedy: 'on the older ones: castnet plugin upgrade',
          },
        ];
  return { name: 'Agents', detail: words, findings };
}

function clocks(hosts: readonly HostCheckup[]): Check {
  const findings = hosts.flatMap((host): Finding[] => {
    const ahead = Math.round(host.clockAheadMs);
    if (Math.abs(ahead) < CLOCK_MS) return [];
    const words = `${Math.abs(ahead / 1000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'}`;
    return [
      {
        code: 'clock',
        severity: 'warning',
        host: addressOf(host),
        what: `the clock of host ${addressOf(host)} is ${words} this host’s`,
        remedy: `on ${addressOf(host)}: timedatectl set-ntp true`,
      },
    ];
  });
  const most = Math.max(0, ...hosts.map((it) => Math.abs(it.clockAheadMs)));
  return { name: 'Clocks', detail: `within ${(most / 1000).toFixed(1)} s of each other`, findings };
}

function mtus(hosts: readonly HostCheckup[]): Check {
  const known = hosts.flatMap((it) => it.report.tunnel ?? []);
  const most = Math.max(...known.map((it) => it.mtu));
  const findings = known
    .filter((it) => it.mtu < most)
    .map(
      ({ address, mtu }): Finding => ({
        code: 'mtu-differs',
        severity: 'error',
        host: address,
        what: `host ${address} carries packets of containers up to ${mtu} bytes, others up to ${most}: larger ones are lost there`,
        remedy: `on ${address}: ip link set dev $(ip -o route get ${known.find((it) => it.mtu === most)?.address} | sed 's/.* dev \\([^ ]*\\).*/\\1/') mtu ${most + (address.includes(':') ? 70 : 50)}; or make the networks with --opt mtu=${mtu}`,
      }),
    );
  const detail = known.length === 0 ? 'not known' : `containers may send up to ${most} bytes`;
  return { name: 'MTU', detail, findings: [...findings, ...hosts.flatMap(linkFindings)] };
}

function certificates(hosts: readonly HostCheckup[]): Check {
  const untils = hosts.flatMap((it) =>
    it.report.swarm ? [it.report.swarm.certificateUntil - it.report.now] : [],
  );
  const days = Math.floor(Math.min(...untils) / 86_400_000);
  const detail = untils.length === 0 ? 'none' : `valid for ${days} days and more`;
  return {
    name: 'Certificates',
    detail,
    findings: hosts.flatMap((it) => certificateFindings(it.report)),
  };
}

/** All hosts of a Swarm know the same port of it: that one of them says it is enough. */
function ports(hosts: readonly HostCheckup[]): Check {
  const findings = hosts.flatMap((it) => portFindings(it.report)).slice(0, 1);
  const own = hosts[0]?.report.tunnel?.port;
  for (const { report } of hosts) {
    const { address, port } = report.tunnel ?? {};
    if (own === undefined || port === undefined || port === own) continue;
    findings.push({
      code: 'port-differs',
      severity: 'error',
      host: address ?? '',
      what: `host ${address} has its tunnels at UDP port ${port}, this host at ${own}: no packet gets from one to the other`,
      remedy: `castnet plugin upgrade --set CASTNET_VXLAN_PORT=${own}, on ${address}; or the other port on every other host`,
    });
  }
  return { name: 'Tunnel port', detail: own === undefined ? 'not known' : `UDP ${own}`, findings };
}

function vnis(hosts: readonly HostCheckup[], known: readonly KnownNetwork[]): Check {
  const reported = hosts.flatMap(({ report }) =>
    report.networks.map(({ vni, name, id }) => [vni, name ?? id] as const),
  );
  const networks = new Map([...known.map((it) => [it.vni, it.name] as const), ...reported]);
  const findings = hosts.flatMap((host) =>
    host.vxlans.flatMap((it) => vniFinding(it, { host, network: networks.get(it.vni) }) ?? []),
  );
  return {
    name: 'VNIs',
    detail: `no VXLAN device of another program takes those of ${count(networks.size, 'network')}`,
    findings,
  };
}

function vniFinding(
  { dev, vni, port }: ForeignVxlan,
  { host, network }: { host: Checkup; network: string | undefined },
): Finding | undefined {
  if (network === undefined || port !== (host.report.tunnel?.port ?? 4789)) return undefined;
  const address = addressOf(host);
  return {
    code: 'vni-conflict',
    severity: 'error',
    host: address,
    what: `VXLAN device ${dev} of host ${address}, not castnet’s, has VNI ${vni}, which is that of network ${network}: the network cannot be made there`,
    remedy: `on ${address}: ip link del ${inCommand(dev, 'DEVICE')}; or make the network anew with another --opt vni`,
  };
}

function kernels(hosts: readonly HostCheckup[]): Check {
  const findings = hosts
    .filter((it) => it.plan.length > 0)
    .map(
      (host): Finding => ({
        code: 'kernel-differs',
        severity: 'warning',
        host: addressOf(host),
        what: `the kernel of host ${addressOf(host)} differs from what it should hold in ${host.plan.length} places, as: ${host.plan[0]}`,
        remedy: `it is put right within 20 s; if not, on ${addressOf(host)}: journalctl -u docker | grep plugin=`,
      }),
    );
  return { name: 'Forwarding', detail: 'the kernels hold what they should', findings };
}

function routes(hosts: readonly HostCheckup[]): Check {
  const all = hosts.flatMap((host) => host.routes.map((it) => ({ host, ...it })));
  const findings = all
    .filter((it) => it.there === false)
    .map(({ host, endpoint, address, dev }): Finding => {
      const named = host.report.networks
        .flatMap((it) => it.endpoints)
        .find((it) => it.id === endpoint);
      const name = named?.container ?? address;
      return {
        code: 'multicast-route',
        severity: 'error',
        host: addressOf(host),
        what: `container ${name} (${address}) on host ${addressOf(host)} has no route for 224.0.0.0/4: its multicast leaves by another interface, or not at all`,
        remedy: `on ${addressOf(host)}: nsenter -n -t $(docker inspect -f '{{.State.Pid}}' ${inCommand(name, 'CONTAINER')}) ip route add 224.0.0.0/4 dev ${inCommand(dev ?? 'eth0', 'DEVICE')}`,
      };
    });
  const detail = `${count(all.filter((it) => it.there === true).length, 'container')} looked at`;
  return { name: 'Multicast routes', detail, findings };
}
