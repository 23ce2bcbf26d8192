import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { NAMESPACE_PATH } from './commands.ts';
import { type MdbEvent, parseMdbEvent } from './mdb-event.ts';

/**
 * Follows the membership changes of all bridges: `bridge monitor mdb` as a child inside the
 * `castnet` namespace. An event is a hint that makes a change quick; whenever events may have been
 * lost (the kernel says so, the child ended) `onLost` asks for a fresh look, and so does the
 * reconciler's timer.
 */
export interface MonitorOptions {
  readonly onEvent: (event: MdbEvent) => void;
  /** Events may have been missed. */
  readonly onLost: (reason: string) => void;
}

export interface Monitor {
  close(): void;
}

const RESTART_MS = 500;

/** Where coreutils keeps the library that makes a program's output line-buffered (stdbuf -oL). */
const LIBSTDBUF = [
  '/usr/libexec/coreutils/libstdbuf.so',
  '/usr/lib/coreutils/libstdbuf.so',
  '/usr/lib/x86_64-linux-gnu/coreutils/libstdbuf.so',
];

export function startMonitor({ onEvent, onLost }: MonitorOptions): Monitor {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const start = (): void => {
    const started = spawn(
      'nsenter',
      [`--net=${NAMESPACE_PATH}`, 'bridge', '-details', 'monitor', 'mdb'],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...lineBuffered() } },
    );
    child = started;
    createInterface({ input: started.stdout }).on('line', (line) => {
      const event = parseMdbEvent(line);
      if (event !== undefined) onEvent(event);
    });
    createInterface({ input: started.stderr }).on('line', (line) => onLost(line));
    started.on('error', (error) => ended(error.message));
    started.on('close', (status) => ended(`bridge monitor ended with status ${status}`));
    const ended = (reason: string): void => {
      if (closed || child !== started) return;
      child = undefined;
      onLost(reason);
      timer = setTimeout(start, RESTART_MS);
    };
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

function lineBuffered(): Record<string, string> {
  const library = LIBSTDBUF.find((path) => existsSync(path));
  return library === undefined ? {} : { LD_PRELOAD: library, _STDBUF_O: 'L' };
}
