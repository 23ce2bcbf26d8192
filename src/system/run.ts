import { execFile } from 'node:child_process';

/**
 * The one way in which castnet, its command and its lab run a program to its end. Node's own `execFile`
 * does what is needed: it kills at a time-out and at too much output, and waits for no grandchild that
 * keeps the pipes open then. tinyexec 1.3 and nano-spawn 2.1 wait for it, and tinyexec does not outlive
 * a program that ends before it has read its input.
 */
export interface RunOptions {
  /** Milliseconds after which the program is killed. */
  readonly timeoutMs?: number;
  /** Instead of this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Characters of each of its outputs, after which it is killed. */
  readonly outputMost?: number;
}

export interface Outcome {
  /** Exit status; null for a signal. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it was killed since its time was over. */
  readonly late: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that did not end well, in its own words. */
export class CommandError extends Error {
  readonly status: number | null;
  readonly stderr: string;
  /** The system's, when it could not be started: ENOENT when there is no such program. */
  code?: string;
  constructor(argv: readonly string[], status: number | null, stderr: string) {
    super(`${argv.join(' ')}: ${stderr.trim() || `ended with status ${status}`}`);
    this.name = 'CommandError';
    this.status = status;
    this.stderr = stderr;
  }
}

/** No program that the agent starts takes a second; one that hangs must not hold its loops. */
const TIMEOUT_MS = 10_000;

/** Characters of each of its outputs; forwarding for 20 000 containers is a tenth of it. */
const OUTPUT_MOST = 64 * 1024 * 1024;

/**
 * Starts a program by path or PATH, without a shell, and waits for its end.
 * @param input written to its standard input, which is then closed
 * @throws CommandError when it cannot be started, or says too much
 */
export function run(
  argv: readonly string[],
  input: string | Uint8Array = '',
  { timeoutMs = TIMEOUT_MS, env = process.env, outputMost = OUTPUT_MOST }: RunOptions = {},
): Promise<Outcome> {
  const [program, ...args] = argv as [string, ...string[]];
  const options = {
    env,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: outputMost,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = error?.code as string | number | null | undefined;
      if (error !== null && typeof code === 'string') {
        reject(Object.assign(new CommandError(argv, null, error.message), { code }));
        return;
      }
      const { exitCode: status, signalCode: signal } = child;
      resolve({ status, signal, late: error?.killed === true, stdout, stderr });
    });
    // A program may end before it has read everything (EPIPE); its status tells.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/**
 * As `run`, but an end with a status other than 0 is an error.
 * @throws CommandError in the program's own words
 */
export async function mustRun(
  argv: readonly string[],
  input: string | Uint8Array = '',
  { timeoutMs = TIMEOUT_MS, ...options }: RunOptions = {},
): Promise<string> {
  const { status, late, stdout, stderr } = await run(argv, input, { timeoutMs, ...options });
  if (status === 0) return stdout;
  throw new CommandError(argv, status, late ? `no end after ${timeoutMs} ms` : stderr);
}

/** Whether a program was ended since it said too much. */
export const saidTooMuch = (error: unknown): boolean =>
  error instanceof CommandError && error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';

/** This process's environment, with the directories where Debian keeps ip, nft and modprobe. */
export function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin` };
}
