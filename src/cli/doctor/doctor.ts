import type { Command } from 'commander';
import type { Check, ProbeReport } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { checksOf, type SwarmCheckup } from '../../core/diagnosis/checkup.ts';
import { cardsCheck } from '../../core/diagnosis/network-card.ts';
import { type AgentFlags, askAgent, withSocket } from '../agent-client.ts';
import { onTerminal, paint, UserError } from '../output.ts';
import { runChecks } from '../plugin/checks.ts';
import { DockerError, dockerFor } from '../plugin/docker.ts';
import { PLUGIN_NAME } from '../plugin/state.ts';
import { containersCheck } from './containers.ts';
import { asCheck, ipvsCheck, pluginCheck } from './here.ts';
import { LOCAL_CHECKS, localCheckup } from './local.ts';
import { networksCheck } from './networks.ts';
import { nodesCheck, type SwarmFacts, swarmFacts } from './nodes.ts';
import { packetsChecks } from './packets.ts';

interface Flags extends AgentFlags {
  readonly json?: boolean;
  readonly host?: string;
  readonly context?: string;
}

/** All agents look closer, those that do not answer included: milliseconds. */
const CHECKUP_MS = 20_000;

/** Adds `castnet doctor`. */
export function registerDoctor(program: Command): void {
  withSocket(program.command('doctor'))
    .description('look for what is wrong on this host and between all hosts, with remedies')
    .option('--json', 'print JSON, for programs')
    .option('-H, --host <url>', 'Docker Engine, as docker --host takes it')
    .option('-c, --context <name>', 'Docker context, as docker --context takes it')
    .action(async (flags: Flags) => {
      const checks = await diagnose(flags);
      const ok = !checks.some((it) => it.findings.some((one) => one.severity === 'error'));
      console.log(
        flags.json ? JSON.stringify({ version: 1, ok, checks }, null, 2) : doctorText(checks),
      );
      process.exitCode = ok ? 0 : 1;
    });
}

async function diagnose(flags: Flags): Promise<Check[]> {
  const choice = { dockerHost: flags.host, context: flags.context };
  const docker = dockerFor(choice);
  const [{ results, engine }, ipvs] = await Promise.all([
    runChecks({ ...choice, docker }),
    ipvsCheck(),
  ]);
  const here = [...results.map(asCheck), ipvs];
  const local =
    engine === undefined
      ? []
      : await Promise.all([
          pluginCheck(docker, PLUGIN_NAME).catch(unanswered('Plugin', 'whether it is installed')),
          containersCheck(docker).catch(unanswered('Containers', 'what containers there are')),
        ]);
  const isMember = engine?.swarm === 'active';
  const facts = isMember
    ? await swarmFacts(docker, PLUGIN_NAME).catch(unanswered('Nodes', 'the nodes of the Swarm'))
    : undefined;
  const nodes =
    facts === undefined
      ? []
      : isCheck(facts)
        ? [facts]
        : [nodesCheck(facts, PLUGIN_NAME), networksCheck(facts.networks)];
  const known = facts === undefined || isCheck(facts) ? undefined : facts;
  const rest = await agents(flags, { facts: known, dataRoot: engine?.dataRoot });
  return [...here, ...local, ...nodes, ...rest];
}

const isCheck = (it: SwarmFacts | Check): it is Check => 'findings' in it;

/** A Swarm without a quorum of managers, for one, does not tell its nodes; a stopped Engine nothing. */
const unanswered =
  (name: string, what: string) =>
  (error: unknown): Check => {
    if (!(error instanceof DockerError)) throw error;
    const finding: Finding = {
      code: 'docker',
      severity: 'error',
      what: `Docker does not tell ${what}: ${error.message}`,
      remedy: 'docker node ls, on this host; docker info shows the managers',
    };
    return { name, detail: error.message, findings: [finding] };
  };

interface Known {
  readonly facts: SwarmFacts | undefined;
  readonly dataRoot: string | undefined;
}

async function agents(flags: Flags, { facts, dataRoot }: Known): Promise<Check[]> {
  const others = facts?.others ?? [];
  const known = { others, networks: facts?.networks.usable ?? [] };
  let found: SwarmCheckup;
  try {
    const { hosts, ...rest } = await askAgent<SwarmCheckup>(flags, '/v1/checkup', {
      method: 'POST',
      body: { hosts: others },
      timeoutMs: CHECKUP_MS,
    });
    // Whoever looked first has answered first; this host's own is the first of all.
    const addressOf = ({ report }: (typeof hosts)[number]) => report.tunnel?.address ?? '';
    const ordered = hosts.slice(1).sort((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1));
    found = { ...rest, hosts: [...hosts.slice(0, 1), ...ordered] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const local = await localCheckup({ others, dataRoot: dataRoot ?? '/var/lib/docker' });
    const checks = checksOf(local, known).filter((it) => LOCAL_CHECKS.includes(it.name));
    return [silentAgent(error), ...checks];
  }
  const packets = await packetsChecks(found.hosts[0]?.report, (network) =>
    askAgent<ProbeReport>(flags, '/v1/probe', {
      method: 'POST',
      body: network === undefined ? {} : { network },
      timeoutMs: CHECKUP_MS,
    }),
  );
  const lost = packets.some((it) => it.findings.some(({ code }) => code !== 'not-probed'));
  return [...checksOf(found, known), cardsCheck(found.hosts, lost), ...packets];
}

function silentAgent(error: UserError): Check {
  const finding: Finding = {
    code: /permission/.test(error.message) ? 'permission' : 'agent-down',
    severity: 'error',
    what: error.message,
    remedy: error.hint ?? 'docker plugin enable castnet:latest',
  };
  return { name: 'Agent', detail: error.message, findings: [finding] };
}

/** A line for each check, each finding with its remedy below. What two checks found is told once. */
export function doctorText(checks: readonly Check[]): string {
  const width = onTerminal() ? Math.max(...checks.map(({ name }) => name.length)) : 0;
  const told = new Set<string>();
  const lines = checks.flatMap(({ name, detail, findings }) => {
    const label = onTerminal() ? name.padEnd(width) : name;
    if (findings.length === 0) return [`${paint('green', '✓')} ${label}  ${detail}`];
    return findings.flatMap(({ severity, what, remedy }) => {
      if (told.has(what)) return [];
      told.add(what);
      const mark = severity === 'error' ? paint('red', '✗') : paint('yellow', '!');
      return [`${mark} ${label}  ${what}`, `  ${' '.repeat(width)}  ${remedy}`];
    });
  });
  const errors = checks.flatMap((it) => it.findings).filter((it) => it.severity === 'error');
  const end =
    errors.length === 0
      ? paint('green', 'Nothing keeps containers from each other.')
      : paint('red', 'What is marked ✗ keeps containers from each other.');
  return [...lines, ...(onTerminal() ? [''] : []), end].join('\n');
}
