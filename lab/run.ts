/** Starting programs of this machine, with their output collected. */
import { setTimeout as delay } from 'node:timers/promises';
import { run as runProgram, withSbin } from '../src/system/run.ts';

export type RunOptions = {
  /** Written to the program's standard input, which is then closed. */
  input?: string | Uint8Array;
  /** Milliseconds after which the program is killed; without it, half an hour. */
  timeoutMs?: number;
  env?: NodeJS.ProcessEnv;
};

/** The longest of them compiles, or makes an image. */
const LONGEST_MS = 1_800_000;

export type RunResult = {
  stdout: string;
  stderr: string;
  /** Exit status; 128 and more for a signal, as a shell counts it; 124 for the timeout. */
  status: number;
};

/** Debian keeps ip, nft and dockerd where the PATH of a plain user does not look. */
export function labEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...withSbin(), ...extra };
}

/** Runs a program to its end. Errors: only when it cannot be started at all. */
export async function run(argv: string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, timeoutMs = LONGEST_MS, env = labEnv() } = options;
  const outcome = await runProgram(argv, input, { timeoutMs, env });
  const { status, signal, late, stdout, stderr } = outcome;
  const counted = late ? 124 : (status ?? (signal === 'SIGKILL' ? 137 : 143));
  return { stdout, stderr, status: counted };
}

/** Runs a program and returns its output. Errors: a status other than 0, with what it said. */
export async function mustRun(argv: string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, status } = await run(argv, options);
  if (status === 0) return stdout;
  const said = stderr.trim() || stdout.trim() || 'it said nothing';
  const late = status === 124 && options.timeoutMs !== undefined;
  const end = late ? `had not ended after ${options.timeoutMs} ms` : `ended with status ${status}`;
  throw new Error(`"${argv.join(' ')}" ${end}: ${said}`);
}

export type UntilOptions = {
  /** What is waited for, for the error: "… did not happen within N s". */
  what: string;
  timeoutMs: number;
  /** Milliseconds between two looks. */
  everyMs?: number;
  signal?: AbortSignal | undefined;
};

/**
 * The least time between two looks, milliseconds, from CASTNET_LAB_EVERY_MS: where the processor is
 * emulated, looking costs more than it tells.
 */
const LEAST_MS = Number(process.env.CASTNET_LAB_EVERY_MS ?? 0);

/**
 * Looks again and again until `look` returns something other than undefined.
 * Errors: when the time is over, with the last error that `look` threw.
 */
export async function until<T>(
  look: () => Promise<T | undefined>,
  options: UntilOptions,
): Promise<T> {
  const end = performance.now() + options.timeoutMs;
  let last: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
      last = undefined;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      last = error;
    }
    if (performance.now() >= end) break;
    await delay(Math.max(options.everyMs ?? 50, LEAST_MS));
  }
  const why = last instanceof Error ? ` (${last.message})` : '';
  throw new Error(`${options.what}: not within ${options.timeoutMs / 1000} s${why}`, {
    cause: last,
  });
}

/** Thrown by a look that knows that waiting longer is of no use. */
export class GiveUp extends Error {}

/**
 * Waits for all of them, also when one fails, and throws the first error then.
 * Who cleans up afterwards can be sure that nothing is still being made.
 */
export async function settle<T>(tasks: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(tasks);
  const values: T[] = [];
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
    values.push(result.value);
  }
  return values;
}
