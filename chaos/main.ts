/**
 * The chaos run: `npm run chaos -- --minutes M --seed S`. See options.ts, and docs/reliability.md
 * for what it checks.
 */
import { join } from 'node:path';
import { withProgress } from '../lab/command/up.ts';
import { loadUsrImage } from '../lab/image.ts';
import { type Lab, labDown, labUp, openLab } from '../lab/lab.ts';
import { mustRun } from '../lab/run.ts';
import { describeError, UserError } from '../src/cli/output.ts';
import { ALL_FAULTS } from './faults/all.ts';
import { help, type Options, parseOptions } from './options.ts';
import { runChaos } from './run.ts';
import { type Row, render, savedIn } from './table.ts';

const NAME = 'chaos';
const HOSTS = 4;
const MANAGERS = 3;
/** A recovery that took so long tells what was right last, milliseconds. */
const TELLING_MS = 1_000;

const BUILD = join(import.meta.dirname, '../plugin/build.ts');

async function bringUp(signal: AbortSignal): Promise<Lab> {
  await withProgress('building castnet', async () => {
    await mustRun([process.execPath, BUILD]);
  });
  await withProgress(`bringing up ${HOSTS} Docker hosts`, async (onProgress) => {
    await labUp({ name: NAME, hosts: HOSTS, managers: MANAGERS, onProgress, signal });
  });
  return openLab(NAME);
}

async function run(options: Options, signal: AbortSignal): Promise<Row[]> {
  const { minutes, seed, only, keep } = options;
  const lab = options.lab === undefined ? await bringUp(signal) : await openLab(options.lab);
  let isBroken = false;
  try {
    await Promise.all(lab.hosts.map((host) => loadUsrImage(host)));
    const faults = ALL_FAULTS.filter(({ name }) => only.length === 0 || only.includes(name));
    const start = performance.now();
    const onRow = (row: Row): void => {
      const at = Math.round((performance.now() - start) / 1000);
      const recovery = (row.recoveryMs / 1000).toFixed(1);
      const loss = `${row.lost} packets lost, ${row.failedCalls} calls failed`;
      const { encrypted } = row;
      const secret = `encrypted ${(encrypted.recoveryMs / 1000).toFixed(1)} s, ${encrypted.lost} lost`;
      console.log(
        `${at} s: ${row.fault}, ${row.victim}: right after ${recovery} s, ${loss}; ${secret}`,
      );
      if (row.recoveryMs >= TELLING_MS) console.log(`  right last: ${row.last}`);
      for (const what of row.helped) console.log(`  ${what}`);
      for (const why of row.broken) console.log(`  BROKEN: ${why}`);
      if (row.saved !== undefined) console.log(`  ${savedIn(row.saved)}`);
      isBroken ||= row.broken.length > 0;
    };
    return await runChaos({ lab, faults, seed, minutes, managers: MANAGERS, keep, onRow, signal });
  } finally {
    if (keep && isBroken) console.log(`The lab stays up: castnet lab down --name ${lab.name}`);
    else if (options.lab === undefined) await labDown(NAME);
  }
}

async function main(args: string[]): Promise<number> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new UserError('interrupted', { exitCode: 130 }));
  // Not "once": a second Ctrl-C must not end the process while it takes the lab down.
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const names = ALL_FAULTS.map(({ name }) => name);
  try {
    const options = parseOptions(args, names);
    if (options === 'help') {
      console.log(help(names));
      return 0;
    }
    const rows = await run(options, interrupt.signal);
    console.log(`\n${render(rows)}`);
    return rows.length > 0 && rows.every(({ broken }) => broken.length === 0) ? 0 : 1;
  } catch (error) {
    const known: unknown = interrupt.signal.aborted ? interrupt.signal.reason : error;
    console.error(describeError(known));
    return known instanceof UserError ? known.exitCode : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
