import type { Command } from 'commander';
import type { ProbePair, ProbeReport } from '../contract/commands.ts';
import { PROBE_KINDS } from '../net/probe.ts';
import { type AgentFlags, askAgent, withSocket } from './agent-client.ts';
import { verdict } from './health.ts';
import { onTerminal, paint, renderRows } from './output.ts';

/** Longer than a probe with hosts that do not answer takes, milliseconds. */
const TIMEOUT_MS = 20_000;

/** Adds `castnet probe`. */
export function registerProbe(program: Command): void {
  withSocket(program.command('probe'))
    .description('send real packets between all hosts of a network, and say what does not arrive')
    .argument('<network>', 'name or id of a network of this host')
    .option('--json', 'print JSON, for programs')
    .action(async (network: string, flags: AgentFlags & { json?: boolean }) => {
      const report = await askAgent<ProbeReport>(flags, '/v1/probe', {
        method: 'POST',
        body: { network },
        timeoutMs: TIMEOUT_MS,
      });
      console.log(flags.json ? JSON.stringify(report, null, 2) : probeText(report));
      process.exitCode = report.ok ? 0 : 1;
    });
}

/** The matrix, the figures of each pair, and the verdict. */
export function probeText(report: ProbeReport): string {
  const { network, encrypted, hosts, pairs, findings } = report;
  const took = hosts.filter((it) => it.took === 'part').length;
  const by = encrypted ? ', by WireGuard' : '';
  const head = `Network ${network}${by}: ${took} of ${hosts.length} hosts took part.`;
  const all = findings.length > 0 ? verdict(findings) : [paint('green', allWell(report))];
  return [head, ...section(matrix(report)), ...section(figures(pairs)), ...gap(), ...all].join(
    '\n',
  );
}

const gap = (): string[] => (onTerminal() ? [''] : []);
const section = (text: string): string[] => (text === '' ? [] : [...gap(), text]);

function allWell({ hosts }: ProbeReport): string {
  return hosts.length < 2
    ? 'This host is alone on the network, so there was nothing to send.'
    : 'Every kind of packet reaches every host.';
}

/** Rows send, columns receive. */
function matrix({ hosts, pairs }: ProbeReport): string {
  if (hosts.length < 2) return '';
  const cell = (from: string, to: string): string => {
    if (from === to) return '·';
    const pair = pairs.find((it) => it.from === from && it.to === to);
    if (pair === undefined) return '?';
    if (pair.reached) return paint('green', 'ok');
    const lost = PROBE_KINDS.filter((it) => pair.kinds[it].sent > 0 && pair.kinds[it].heard === 0);
    if (lost.length === PROBE_KINDS.filter((it) => pair.kinds[it].sent > 0).length) {
      return paint('red', 'nothing');
    }
    return paint('red', lost.length > 0 ? `no ${lost.join(', ')}` : 'MTU');
  };
  return renderRows(
    ['FROM \\ TO', ...hosts.map((it) => it.address)],
    hosts.map(({ address: from }) => [from, ...hosts.map((it) => cell(from, it.address))]),
  );
}

function figures(pairs: readonly ProbePair[]): string {
  if (pairs.length === 0) return '';
  const ms = (value: number | undefined) => (value === undefined ? '-' : `${value.toFixed(2)} ms`);
  return renderRows(
    ['FROM', 'TO', 'ARRIVED', 'LOSS', 'P50', 'P99', 'PATH MTU'],
    pairs.map(({ from, to, kinds, loss, p50, p99, pathMtu }) => [
      from,
      to,
      PROBE_KINDS.map((it) => `${it} ${kinds[it].heard}/${kinds[it].sent}`).join(' '),
      `${(loss * 100).toFixed(1)} %`,
      ms(p50),
      ms(p99),
      String(pathMtu ?? '-'),
    ]),
  );
}
