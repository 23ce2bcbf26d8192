import { styleText } from 'node:util';
import type { HostReport } from '../core/report.ts';

/** Something that is wrong, and what to do about it. */
export interface Problem {
  readonly what: string;
  readonly remedy: string;
}

/**
 * What is wrong on a host, by its own report.
 * @param steps what its reconciler would do now
 */
export function health(report: HostReport, steps: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  if (report.problem !== undefined) {
    problems.push({
      what: report.problem,
      remedy: 'docker info shows whether this host is in a Swarm: docker swarm init, or join',
    });
  }
  for (const { address, state, lastError } of report.peers) {
    if (state === 'up') continue;
    problems.push({
      what: `no session with ${address}: ${state}${lastError ? ` (${lastError})` : ''}`,
      remedy:
        state === 'agent-down'
          ? `on that host: docker plugin ls, docker plugin enable castnet:latest`
          : `is that host up, and is TCP port 4790 open between the hosts?`,
    });
  }
  for (const what of report.conflicts ?? []) {
    problems.push({
      what,
      remedy: 'one of these hosts is wrongly set up, or not to be trusted: docs/security.md',
    });
  }
  for (const { name, id, refused } of report.networks) {
    for (const { port, count, example, reason } of refused) {
      problems.push({
        what: `network ${name ?? id}: ${count} groups of ${port} are not told to other hosts, as ${example}: ${reason}`,
        remedy: 'see the network’s options: docker network inspect',
      });
    }
  }
  if (steps.length > 0) {
    problems.push({
      what: `the kernel differs from what it should hold in ${steps.length} places`,
      remedy: 'castnet plan lists them; they are put right within seconds',
    });
  }
  return problems;
}

/** The screen of `castnet status`. */
export function statusText(report: HostReport, problems: readonly Problem[]): string {
  const { agent, node, tunnel, peers, networks } = report;
  const up = peers.filter((it) => it.state === 'up').length;
  const count = (of: (network: HostReport['networks'][number]) => number): number =>
    networks.reduce((sum, it) => sum + of(it), 0);
  const services = new Set(
    networks.flatMap((it) => it.endpoints.flatMap((e) => (e.service ? [e.service.name] : []))),
  );
  const lines: [string, string][] = [
    ['castnet', agent],
    ['node', node ?? 'none: this host is in no Swarm'],
    ['tunnel', tunnel ? `${tunnel.address} UDP ${tunnel.port}, MTU ${tunnel.mtu}` : 'none'],
    ['peers', `${up} established of ${peers.length} that Docker lists`],
    ['networks', String(networks.length)],
    ['containers', String(count((it) => it.endpoints.length))],
    ['groups', `${count((it) => it.groups.length)} with members on this host`],
    ['services', `${services.size} with tasks on this host`],
  ];
  const width = Math.max(...lines.map(([key]) => key.length));
  const body = lines.map(([key, value]) => `${styleText('bold', key.padEnd(width))}  ${value}`);
  const verdict =
    problems.length === 0
      ? [styleText('green', 'Everything is well.')]
      : problems.flatMap(({ what, remedy }) => [styleText('red', `! ${what}`), `  ${remedy}`]);
  return [...body, '', ...verdict].join('\n');
}
