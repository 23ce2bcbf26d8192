import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { NAMESPACE_PATH } from './commands.ts';
import { parseGoneLink, parseUpLink } from './link-event.ts';
import { type MdbEvent, parseMdbEvent } from './mdb-event.ts';

/**
 * Follows the membership changes of all bridges, and devices that go: `bridge monitor` as a child
 * inside the `castnet` namespace. An event is a hint that makes a change quick; whenever events may
 * have been lost (the kernel says so, the child ended) `onLost` asks for a fresh look, and so does
 * the reconciler's timer.
 */
export interface MonitorOptions {
  readonly onEvent: (event: MdbEvent) => void;
  /** A device is gone; `device` is its name. */
  readonly onGone: (device: string) => void;
  /** A device is up, as a container's end of its link is; it may be told several times. */
  readonly onUp: (device: string) => void;
  /** Events may have been missed. */
  readonly onLost: (reason: string) => void;
}

export interface Monitor {
  close(): void;
}

const RESTART_MS = 500;

/**
 * When its buffer is full the kernel says so once, and drops every event until the buffer was read
 * empty: what is dropped after a look that begins at once, only a later one finds. So another look
 * comes when no event has come for so long, or after `LOST_AT_MOST_MS` of them.
 */
const QUIET_MS = 200;
const LOST_AT_MOST_MS = 2_000;

/** Where coreutils keeps the library that makes a program's output line-buffered (stdbuf -oL). */
const LIBSTDBUF = [
  '/usr/libexec/coreutils/libstdbuf.so',
  '/usr/lib/coreutils/libstdbuf.so',
  '/usr/lib/x86_64-linux-gnu/coreutils/libstdbuf.so',
  '/usr/lib/aarch64-linux-gnu/coreutils/libstdbuf.so',
];

export function startMonitor({ onEvent, onGone, onUp, onLost }: MonitorOptions): Monitor {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let quiet: NodeJS.Timeout | undefined;
  let overflowed = 0;

  const overflow = (line: string): void => {
    if (overflowed === 0) {
      onLost(line);
      overflowed = performance.now();
    }
    awaitQuiet();
  };
  const awaitQuiet = (): void => {
    if (overflowed === 0) return;
    const over = performance.now() - overflowed > LOST_AT_MOST_MS;
    if (quiet !== undefined && over) return;
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      overflowed = 0;
      quiet = undefined;
      onLost('events are complete again');
    }, QUIET_MS);
  };

  const start = (): void => {
    const started = spawn(
      'nsenter',
      [`--net=${NAMESPACE_PATH}`, 'bridge', '-details', 'monitor', 'link', 'mdb'],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...lineBuffered() } },
    );
    child = started;
    createInterface({ input: started.stdout }).on('line', (line) => {
      awaitQuiet();
      const event = parseMdbEvent(line);
      if (event !== undefined) onEvent(event);
      const gone = parseGoneLink(line);
      if (gone !== undefined) onGone(gone);
      const up = parseUpLink(line);
      if (up !== undefined) onUp(up);
    });
    createInterface({ input: started.stderr }).on('line', overflow);
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
      clearTimeout(quiet);
      child?.kill('SIGKILL');
    },
  };
}

/** What makes a child's output line-buffered, in its environment. */
export function lineBuffered(): Record<string, string> {
  const library = LIBSTDBUF.find((path) => existsSync(path));
  return library === undefined ? {} : { LD_PRELOAD: library, _STDBUF_O: 'L' };
}
