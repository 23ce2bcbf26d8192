import type { Finding } from '../contract/finding.ts';
import type { HostReport } from '../contract/report.ts';
import { keyed, onTerminal, paint } from './output.ts';

/** The screen of `castnet status`. */
export function statusText(report: HostReport, findings: readonly Finding[]): string {
  const { agent, node, swarm, tunnel, peers, networks, lastChange, now } = report;
  const up = peers.filter((it) => it.state === 'up').length;
  const listed = peers.filter((it) => it.listed).length;
  const count = (of: (network: HostReport['networks'][number]) => number): number =>
    networks.reduce((sum, it) => sum + of(it), 0);
  const services = new Set(
    networks.flatMap((it) => it.endpoints.flatMap((e) => (e.service ? [e.service.name] : []))),
  );
  const own = networks.flatMap(({ name, id, endpoints }) =>
    endpoints.flatMap((it) => (it.exposed ? [`${it.address} on ${name ?? id}`] : [])),
  );
  const lines: [string, string][] = [
    ['castnet', `${agent}, running for ${duration(now - report.startedAt)}`],
    ['node', node ?? 'none: this host is in no Swarm'],
    ['swarm', swarm ? `${swarm.id}, as ${swarm.role}` : 'none'],
    ['tunnel', tunnel ? `${tunnel.address} UDP ${tunnel.port}, MTU ${tunnel.mtu}` : 'none'],
    ['peers', `${up} established, ${listed} expected by Docker`],
    ['networks', String(networks.length)],
    ['fast path', fastPath(networks)],
    ['containers', String(count((it) => it.endpoints.filter((e) => !e.exposed).length))],
    ...(own.length === 0 ? [] : [['exposed', own.join(', ')] as [string, string]]),
    ['groups', `${count((it) => it.groups.length)} with members on this host`],
    ['services', `${services.size} with tasks on this host`],
    [
      'encryption',
      `sessions: TLS 1.3${swarm ? `, certificate until ${day(swarm.certificateUntil)}` : ''}; packets: ${packets(report)}`,
    ],
    [
      'last change',
      lastChange ? `${duration(now - lastChange.at)} ago: ${lastChange.what}` : 'none so far',
    ],
  ];
  return [...keyed(lines), ...(onTerminal() ? [''] : []), ...verdict(findings)].join('\n');
}

/** Which packets between the hosts are encrypted, and by whom. */
function packets({ wireguard, networks, now }: HostReport): string {
  if (wireguard === undefined) return 'none';
  const names = networks.flatMap((it) => (it.options.encrypted ? [it.name ?? it.id] : []));
  const last = Math.max(0, ...wireguard.peers.map((it) => it.handshake ?? 0));
  const since = last === 0 ? 'no handshake yet' : `last handshake ${duration(now - last)} ago`;
  const by = wireguard.by === 'kernel' ? 'the kernel’s WireGuard' : CARRIED;
  return `${names.join(', ')} by ${by}, UDP ${wireguard.port}, ${since}`;
}

const CARRIED = 'wireguard-go (the kernel has none; slower, and it ends with the agent)';

/** How many networks have it, and why the first that has not. */
function fastPath(networks: HostReport['networks']): string {
  const told = networks.flatMap((it) =>
    it.fastPath ? [{ ...it.fastPath, name: it.name ?? it.id }] : [],
  );
  const slow = told.filter((it) => it.step === 'none');
  const [first] = slow;
  const groups = told.filter((it) => it.step === 'groups').length;
  const unicast = told.length - slow.length;
  const some = `unicast of ${unicast} of ${networks.length} networks, groups of ${groups}`;
  if (first === undefined) return told.length === 0 ? 'none' : `${some}; ${told[0]?.why}`;
  const why = slow.length === told.length ? first.why : `${first.name}: ${first.why}`;
  return slow.length === told.length ? `none: ${why}` : `${some}; ${why}`;
}

/** Findings with their remedies, or that there is none. */
export function verdict(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [paint('green', 'Everything is well.')];
  return findings.flatMap(({ severity, what, remedy }) => [
    paint(severity === 'error' ? 'red' : 'yellow', `${severity === 'error' ? '✗' : '!'} ${what}`),
    `  ${remedy}`,
  ]);
}

const day = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16);

/** As `3 s`, `12 min`, `5 h`, `3 d`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
