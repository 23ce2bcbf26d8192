/**
 * `npm run bench`: castnet measured beside its peers, on a lab of its own.
 *
 *   npm run bench                     everything, about 10 minutes
 *   npm run bench -- --only tcp       one group
 *   npm run bench -- --quick          to see that all works
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lab, labUp, openLab } from '../lab/lab.ts';
import { mustRun, run } from '../lab/run.ts';
import { describeError, renderTable, UserError } from '../src/cli/output.ts';
import { drawBars } from './chart.ts';
import { busyWhile } from './counters.ts';
import { measure } from './measure.ts';
import { GROUPS, HELP, type Options, parseOptions } from './options.ts';
import { describeMachine, markdown, verdict } from './report.ts';
import type { Findings } from './result.ts';

/** Seconds to wait for a machine that is still busy; then it is measured as it is, and said. */
const QUIET_SECONDS = 60;
/** The share of all processors that may be taken meanwhile. */
const QUIET = 0.1;

const LAB = 'bench';

async function bench(options: Options, signal: AbortSignal): Promise<number> {
  const begin = performance.now();
  const say = (text: string) => {
    const seconds = String(Math.round((performance.now() - begin) / 1000)).padStart(4);
    console.log(`${seconds} s  ${text}`);
  };
  const { lab, close } = await site(options, { signal, say });
  let findings: Findings;
  let taken: number;
  try {
    taken = await quiet(signal, say);
    findings = await measure({ ...options, lab, signal, say });
  } finally {
    await close();
  }
  show(findings);
  const whole = options.groups.length === GROUPS.length && !options.quick && !options.fastPath;
  if (whole) await writeResults(findings, taken);
  else
    console.log(
      '\nbench/RESULTS.md is written by a whole run only, without --only, --quick and --fast-path.',
    );
  return findings.rows.some((row) => row.kept === 'NO') ? 1 : 0;
}

interface Progress {
  signal: AbortSignal;
  say: (text: string) => void;
}

/** The lab that was named, or one of the bench's own that goes with it. */
async function site(
  options: Options,
  { signal, say }: Progress,
): Promise<{ lab: Lab; close: () => Promise<void> }> {
  if (options.lab !== undefined) {
    const lab = await openLab(options.lab);
    if (lab.hosts.length < 3) {
      throw new UserError(
        `lab "${lab.name}" has ${lab.hosts.length} hosts; the bench needs three.`,
      );
    }
    return { lab, close: async () => {} };
  }
  say('building castnet');
  await mustRun([process.execPath, join(import.meta.dirname, '../plugin/build.ts')]);
  const fastPath = options.fastPath ? 'on' : undefined;
  const lab = await labUp({ name: LAB, hosts: 3, fastPath, onProgress: say, signal });
  return { lab, close: () => lab.down() };
}

/**
 * Waits, with an end, until the machine has little else to do: by what its processors do, for a load average tells
 * for minutes of the lab that was made. @returns the share of all processors that is taken then, 0 to 1
 */
async function quiet(signal: AbortSignal, say: (text: string) => void): Promise<number> {
  const taken = async () => {
    const { seconds, lasted } = await busyWhile(() =>
      delay(2000, undefined, { signal }).catch(() => signal.throwIfAborted()),
    );
    return Math.max(0, seconds / lasted / cpus().length);
  };
  let share = await taken();
  for (let left = QUIET_SECONDS; share > QUIET && left > 0; left -= 2) {
    if (left === QUIET_SECONDS) say(`waiting for a quiet machine, ${left} s at most`);
    share = await taken();
  }
  return share;
}

function show(findings: Findings): void {
  const rows = findings.rows.map((row) => [row.figure, row.must, row.measured, row.kept ?? '']);
  console.log(`\n${renderTable(['FIGURE', 'MUST BE', 'MEASURED', 'KEPT'], rows)}\n`);
  for (const note of findings.notes) console.log(`Not measured: ${note}`);
  console.log(verdict(findings.rows));
}

async function writeResults(findings: Findings, taken: number): Promise<void> {
  const versions = await Promise.all(
    [
      ['dockerd', '--version'],
      ['ip', '-V'],
      ['iperf3', '--version'],
    ].map(async (argv) => {
      const { stdout, stderr } = await run(argv);
      return (stdout || stderr).split('\n')[0] ?? '';
    }),
  );
  const machine = await describeMachine(versions);
  const input = { findings, machine, date: new Date(), command: 'npm run bench', taken };
  await writeFile(join(import.meta.dirname, 'RESULTS.md'), markdown(input));
  await writeFile(
    join(import.meta.dirname, 'results.svg'),
    drawBars('castnet measured beside its peers', findings.series),
  );
  console.log('\nWritten: bench/RESULTS.md and bench/results.svg');
}

async function main(args: string[]): Promise<number> {
  const controller = new AbortController();
  for (const [name, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(name, () => controller.abort(new UserError('interrupted', { exitCode })));
  }
  try {
    const options = parseOptions(args);
    if (options !== 'help') return await bench(options, controller.signal);
    console.log(HELP);
    return 0;
  } catch (error) {
    const known: unknown = controller.signal.aborted ? controller.signal.reason : error;
    console.error(describeError(known));
    return known instanceof UserError ? known.exitCode : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
