/** The run in words: a table for the terminal, and RESULTS.md. Pure except for `describeMachine`. */
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import type { Verdict } from './decision.ts';
import { type Findings, figure, type Row, type Series } from './result.ts';

/** One line each: what a reader needs to judge the figures. No names or paths of the machine. */
export async function describeMachine(versions: readonly string[]): Promise<string[]> {
  const list = cpus();
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? 'Linux';
  return [
    `${list.length} × ${list[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `${name}, kernel ${release()}`,
    ...versions,
  ];
}

/** How many of the rows with a limit keep it. */
export function verdict(rows: readonly Row[]): string {
  const limited = rows.filter((row) => row.kept !== undefined);
  const count = (verdict: Verdict) => limited.filter((row) => row.kept === verdict).length;
  const open = count('not decided');
  const more = open === 0 ? '' : ` ${open} not decided: their rounds differ too much to tell.`;
  return `${count('yes')} of ${limited.length} figures are as they must be.${more}`;
}

export interface ReportInput {
  readonly findings: Findings;
  readonly machine: readonly string[];
  readonly date: Date;
  /** The options it was run with, for a reader who wants to repeat it. */
  readonly command: string;
  /** Share of all processors that was taken before, 0 to 1, for a machine that was not quiet. */
  readonly taken: number;
}

/** RESULTS.md. */
export function markdown({ findings, machine, date, command, taken }: ReportInput): string {
  const rows = findings.rows.map((row) => [
    row.figure,
    row.must || 'for comparison',
    row.measured,
    row.kept ?? '',
  ]);
  return [
    '# Measured beside its peers',
    '',
    `Written by \`${command}\` on ${date.toISOString().slice(0, 10)}. ${verdict(findings.rows)}`,
    '',
    ...machine.map((line) => `- ${line}`),
    `- Taken of the processors before the first measurement: ${Math.round(taken * 100)} %`,
    '',
    'All hosts are namespaces of this one machine and share its CPUs, so the rows to trust are the',
    'ratios: paths take turns in every round, a ratio compares what was measured side by side, and',
    'the median of the rounds is shown. Differences under 5 % mean nothing, nor does much else when',
    'the processors were taken before.',
    '',
    'In brackets are the number of rounds, the least and the greatest of them and, where a figure must be',
    'something, the interval that holds their median with 99 %: of eight rounds or more by their order, whatever',
    'their distribution; of fewer Student’s. A figure is kept if all of the interval keeps it, missed if none of',
    'it does, and else not decided. Rounds go on until that is so, or could not become so whatever followed, or',
    'the interval is narrower than 5 %, but there are twelve at most; they never ask which verdict it will be.',
    'What is decided, and what is there for comparison, is left out of further rounds; the latency’s p50 and p99',
    'share theirs. Where the truth is just what must be, one figure in about twenty is decided by chance all the',
    'same.',
    '',
    'All paths end in Docker’s containers: what Docker adds to a container’s namespace (address translation',
    'for its name server, by which all packets are tracked) slows every packet. What is made by hand ends in',
    'containers of a bridge network, which have that, and nothing of castnet’s.',
    '',
    '- **hand-made**: the same VXLAN, bridge and entries as castnet has, set up by a script.',
    '- **bare**: the bridged underlay without encapsulation.',
    '- **flooding**: a VXLAN as it is without anyone to tell it who is a member.',
    '- **overlay**: Docker’s own overlay network, which carries no multicast between hosts.',
    '- **castnet-encrypted**, **hand-made-encrypted**: a network with the option `encrypted`, and the same',
    '  VXLAN over the same WireGuard, set up by a script.',
    '- **overlay-encrypted**: Docker’s own with its option `encrypted`: the kernel’s ESP, where it has that.',
    '- **tinc** (switch mode) and **n2n**: Debian’s packages with their defaults, which encrypt.',
    '  n2n’s edges bridge nothing, so its two receivers on a host share one container.',
    '',
    '![The figures as bars](results.svg)',
    '',
    '## What must be',
    '',
    table(['Figure', 'Must be', 'Measured', 'Kept'], rows),
    '',
    '## What was measured',
    '',
    ...findings.series.flatMap(seriesTable),
    ...(findings.notes.length === 0 ? [] : ['## Not measured', '']),
    ...findings.notes.map((note) => `- ${note}`),
    ...(findings.notes.length === 0 ? [] : ['']),
  ].join('\n');
}

function seriesTable({ title, unit, values }: Series): string[] {
  // The first that is castnet's: a series of encrypted networks has its plain one for comparison.
  const own = values.find((it) => it.name.startsWith('castnet'))?.value ?? Number.NaN;
  const rows = values.map(({ name, value }) => [name, figure(value), figure(own / value)]);
  return [`### ${title}`, '', table(['Path', unit, 'castnet ÷ this'], rows), ''];
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((it) => it.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
