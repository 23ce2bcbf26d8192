import { keepRunning } from '../system/kept-child.ts';
import { NAMESPACE_PATH } from './commands.ts';
import { whenFollowing } from './following.ts';
import { parseGoneLink, parseUpLink } from './link-event.ts';
import { type MdbEvent, parseMdbEvent } from './mdb-event.ts';

/**
 * Follows the membership changes of all bridges, and devices that go: `bridge monitor` as a child
 * inside the `castnet` namespace. An event is a hint that makes a change quick; whenever events may
 * have been lost (the kernel says so, the child ended) `onLost` asks for a fresh look, and so do
 * `onFollowing` and the reconciler's timer.
 */
export interface MonitorOptions {
  readonly onEvent: (event: MdbEvent) => void;
  /** A device is gone; `device` is its name. */
  readonly onGone: (device: string) => void;
  /** A device is up, as a container's end of its link is; it may be told several times. */
  readonly onUp: (device: string) => void;
  /** From now on events are told; what came before is only in a look that begins now. */
  readonly onFollowing: () => void;
  /** Events may have been missed. */
  readonly onLost: (reason: string) => void;
}

export interface Monitor {
  close(): void;
}

/**
 * When its buffer is full the kernel says so once, and drops every event until the buffer was read
 * empty: what is dropped after a look that begins at once, only a later one finds. So another look
 * comes when no event has come for so long, or after `LOST_AT_MOST_MS` of them.
 */
const QUIET_MS = 200;
const LOST_AT_MOST_MS = 2_000;

export function startMonitor(options: MonitorOptions): Monitor {
  const { onEvent, onGone, onUp, onFollowing, onLost } = options;
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

  const child = keepRunning({
    argv: [
      ...['nsenter', `--net=${NAMESPACE_PATH}`],
      ...['bridge', '-details', 'monitor', 'link', 'mdb'],
    ],
    onStart(pid) {
      void whenFollowing(pid).then(() => {
        if (!closed) onFollowing();
      });
    },
    onLine(line) {
      awaitQuiet();
      const event = parseMdbEvent(line);
      if (event !== undefined) onEvent(event);
      const gone = parseGoneLink(line);
      if (gone !== undefined) onGone(gone);
      const up = parseUpLink(line);
      if (up !== undefined) onUp(up);
    },
    onErrorLine: overflow,
    onEnd: onLost,
  });

  return {
    close(): void {
      closed = true;
      clearTimeout(quiet);
      child.close();
    },
  };
}
