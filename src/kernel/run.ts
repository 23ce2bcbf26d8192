import { spawn } from 'node:child_process';

/** A program that did not end well, in its own words. */
export class CommandError extends Error {
  readonly status: number | null;
  readonly stderr: string;
  constructor(argv: readonly string[], status: number | null, stderr: string) {
    super(`${argv.join(' ')}: ${stderr.trim() || `ended with status ${status}`}`);
    this.name = 'CommandError';
    this.status = status;
    this.stderr = stderr;
  }
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No program castnet starts takes a second; one that hangs must not hold the reconciler. */
const TIMEOUT_MS = 10_000;

/** Starts a program by path or PATH, without a shell, gives it `input`, and waits for its end. */
export function run(argv: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = argv as [string, ...string[]];
    const child = spawn(program, args, {
      stdio: 'pipe',
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => reject(new CommandError(argv, null, error.message)));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    // A program may end before it has read everything (EPIPE); its status tells.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** As `run`, but an end with a status other than 0 is an error. */
export async function mustRun(argv: readonly string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await run(argv, input);
  if (status !== 0) throw new CommandError(argv, status, stderr);
  return stdout;
}
