import type { AllStatusJson } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';
import type { SwarmCheckup } from '../../core/diagnosis/checkup.ts';
import { type AgentFlags, askAgent } from '../agent-client.ts';
import { swarmFacts } from '../doctor/nodes.ts';
import { duration } from '../health.ts';
import { onTerminal, paint, renderRows, UserError } from '../output.ts';
import { dockerFor } from '../plugin/docker.ts';
import type { Shown } from '../watch.ts';
import { type HostLine, lineOf, type SilentHost } from './core/all-status.ts';
import { type HostFlags, targetsOf } from './flags.ts';
import { Helper } from './hosts/helper.ts';
import type { Host } from './hosts/host.ts';
import { lookAt } from './hosts/look.ts';
import { Ways } from './hosts/ssh.ts';
import { castnet } from './steps/agent.ts';

/** All agents look closer, those that do not answer included: milliseconds. */
const CHECKUP_MS = 20_000;

/** One screen for all hosts: by ssh where some are named, else what this host's agent hears of the others. */
export async function allStatus(
  hosts: readonly string[],
  flags: AgentFlags & HostFlags,
): Promise<Shown> {
  const isNamed = hosts.length > 0 || flags.file !== undefined;
  const { lines, silent } = isNamed ? await bySsh(hosts, flags) : await byAgent(flags);
  const isWell =
    silent.length === 0 &&
    lines.every((it) => it.findings.every(({ severity }) => severity !== 'error'));
  process.exitCode = isWell ? 0 : 1;
  const value: AllStatusJson = { version: 1, ok: isWell, hosts: lines, silent };
  return { value, text: screen(lines, silent) };
}

interface All {
  readonly lines: readonly HostLine[];
  readonly silent: readonly SilentHost[];
}

async function byAgent(flags: AgentFlags): Promise<All> {
  // A Swarm without a quorum tells no nodes; then those count that the agent knows.
  const facts = await swarmFacts(dockerFor({}), 'castnet:latest').catch(() => undefined);
  const found = await askAgent<SwarmCheckup>(flags, '/v1/checkup', {
    method: 'POST',
    body: { hosts: facts?.others ?? [] },
    timeoutMs: CHECKUP_MS,
  });
  const lines = found.hosts.map(({ report }) => lineOf(report.tunnel?.address ?? '-', report));
  return { lines, silent: found.silent.map((it) => ({ host: it.address, error: it.error })) };
}

async function bySsh(names: readonly string[], flags: HostFlags): Promise<All> {
  const targets = await targetsOf(names, flags);
  const ways = new Ways({ config: flags.sshConfig });
  await ways.open();
  try {
    const found = await Promise.all(targets.map((it) => reportOf(ways.host(it))));
    return {
      lines: found.filter((it) => 'node' in it),
      silent: found.filter((it) => 'error' in it),
    };
  } finally {
    await ways.close();
  }
}

async function reportOf(host: Host): Promise<HostLine | SilentHost> {
  const look = await lookAt(host);
  if ('problem' in look) return { host: host.name, error: look.problem.what };
  const rootfs = look.facts.plugin?.rootfs;
  if (rootfs === undefined) return { host: host.name, error: 'castnet is not installed there' };
  try {
    const helper = await Helper.start(host, rootfs);
    const report = await castnet<HostReport>({ helper, host }, 'GET', '/v1/host').finally(() =>
      helper.close(),
    );
    return lineOf(host.name, report);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { host: host.name, error: error.message };
  }
}

function screen(lines: readonly HostLine[], silent: readonly SilentHost[]): string {
  const state = ({ findings }: HostLine): string => {
    const errors = findings.filter((it) => it.severity === 'error').length;
    if (errors > 0) return paint('red', `${errors} wrong`);
    return findings.length > 0
      ? paint('yellow', `${findings.length} to note`)
      : paint('green', 'ok');
  };
  const rows = lines.map((it) => [
    ...[it.host, it.node, it.role, it.version, it.address, `${it.peers.up}/${it.peers.listed}`],
    ...[it.networks, it.containers, it.groups].map(String),
    duration(it.running),
    state(it),
  ]);
  const lost = silent.map((it) => [it.host, ...Array(9).fill('-'), paint('red', 'silent')]);
  const head = [
    'HOST',
    'NODE',
    'ROLE',
    'CASTNET',
    'TUNNEL',
    'PEERS',
    'NETWORKS',
    'CONTAINERS',
    'GROUPS',
    'RUNNING',
    'STATE',
  ];
  const told = lines.flatMap(({ host, findings }) =>
    findings.flatMap(({ severity, what, remedy }) => [
      paint(
        severity === 'error' ? 'red' : 'yellow',
        `${severity === 'error' ? '✗' : '!'} ${host}: ${what}`,
      ),
      `  ${remedy}`,
    ]),
  );
  const quiet = silent.map((it) => paint('red', `✗ ${it.host} did not tell: ${it.error}`));
  const own = lines.flatMap(({ host, exposed }) => exposed.map((it) => `${host} itself is ${it}.`));
  const end = [...quiet, ...told];
  const gap = onTerminal() ? [''] : [];
  return [
    renderRows(head, [...rows, ...lost]),
    ...gap,
    ...own,
    ...(end.length === 0 ? [paint('green', `All ${lines.length} hosts are well.`)] : end),
  ].join('\n');
}
