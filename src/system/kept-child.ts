import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface KeptChildOptions {
  /** The program, by path or PATH, and its arguments. */
  readonly argv: readonly string[];
  /** It was started, with this pid; it may have said nothing yet. */
  readonly onStart?: (pid: number) => void;
  readonly onLine: (line: string) => void;
  /** What it says on its standard error. */
  readonly onErrorLine?: (line: string) => void;
  /** It ended, or could not be started, and what it would have said is lost; another is on its way. */
  readonly onEnd: (reason: string) => void;
  /** From an end to the next start, milliseconds; RESTART_MS unless given. */
  readonly restartMs?: number;
}

export interface KeptChild {
  close(): void;
}

/** Soon enough for an event, and cheap enough for as long as nothing can be started. */
export const RESTART_MS = 500;

/** Where coreutils keeps the library that makes a program's output line-buffered (stdbuf -oL). */
const LIBSTDBUF = [
  '/usr/libexec/coreutils/libstdbuf.so',
  '/usr/lib/coreutils/libstdbuf.so',
  '/usr/lib/x86_64-linux-gnu/coreutils/libstdbuf.so',
  '/usr/lib/aarch64-linux-gnu/coreutils/libstdbuf.so',
];

/**
 * Keeps a program running that says something line by line, and has no end of its own. However it ends,
 * and whether or not it could be started, its end is told and it is started again. That is so without
 * open files (EMFILE) and without room for a process (EAGAIN, ENOMEM) too.
 */
export function keepRunning(options: KeptChildOptions): KeptChild {
  const { argv, onStart, onLine, onErrorLine, onEnd, restartMs = RESTART_MS } = options;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const again = (reason: string): void => {
    if (closed) return;
    timer = setTimeout(start, restartMs);
    onEnd(reason);
  };
  const start = (): void => {
    let started: ChildProcess;
    try {
      started = spawnLineBuffered(argv, onErrorLine !== undefined);
    } catch (error) {
      again((error as Error).message);
      return;
    }
    child = started;
    if (started.pid !== undefined) onStart?.(started.pid);
    const ended = (reason: string): void => {
      if (child !== started) return;
      child = undefined;
      again(reason);
    };
    started.on('error', (error) => ended(error.message));
    started.on('close', (status, signal) =>
      ended(`${argv.join(' ')} ended with ${signal ?? `status ${status}`}`),
    );
    const said = (line: string): void => {
      if (!closed) onLine(line);
    };
    // One that could not be started may have no outputs (Node, lib/internal/child_process.js, `spawn`).
    readLines(started.stdout, said);
    if (onErrorLine !== undefined) readLines(started.stderr, onErrorLine);
  };
  start();

  return {
    close(): void {
      closed = true;
      clearTimeout(timer);
      child?.kill('SIGKILL');
    },
  };
}

function spawnLineBuffered(argv: readonly string[], withErrors: boolean): ChildProcess {
  const [program, ...args] = argv as [string, ...string[]];
  const library = LIBSTDBUF.find((path) => existsSync(path));
  const buffering = library === undefined ? {} : { LD_PRELOAD: library, _STDBUF_O: 'L' };
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', withErrors ? 'pipe' : 'ignore'],
    env: { ...process.env, ...buffering },
  });
}

/** An output that breaks is told of by the program's end. */
function readLines(output: ChildProcess['stdout'] | undefined, onLine: (line: string) => void) {
  if (!output) return;
  output.on('error', () => {});
  createInterface({ input: output }).on('line', onLine);
}
