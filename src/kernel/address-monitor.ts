import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { lineBuffered } from './monitor.ts';

export interface AddressMonitor {
  close(): void;
}

const RESTART_MS = 500;
/** Addresses, routes and links change in bursts; a container's start is one of some 20 lines. */
const SETTLE_MS = 500;

/** Devices of Docker's containers and of castnet's: what happens to them says nothing of the underlay. */
const CONTAINERS = /\b(veth[0-9a-f]+|c[bxvt][0-9a-f]+|docker_gwbridge|docker0|br-[0-9a-f]{12})\b/;

/**
 * Says when addresses, routes or links of the host have changed: `ip monitor` as a child. It is a hint
 * that makes a late address quick; the timer's look finds it too.
 * @param onLost changes may have been missed since the child ended
 */
export function watchAddresses(
  onChange: () => void,
  onLost: (reason: string) => void,
): AddressMonitor {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let settling: NodeJS.Timeout | undefined;
  let closed = false;

  const changed = (line: string): void => {
    if (CONTAINERS.test(line) || !/^(Deleted )?\S/.test(line)) return;
    settling ??= setTimeout(() => {
      settling = undefined;
      onChange();
    }, SETTLE_MS);
  };
  const start = (): void => {
    child = spawn('ip', ['monitor', 'address', 'link', 'route'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...lineBuffered() },
    });
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on(
      'line',
      changed,
    );
    let words = 'ip monitor ended';
    child.on('error', (error) => {
      words = error.message;
    });
    child.on('close', (status) => {
      if (closed) return;
      onLost(`${words} (${status})`);
      restart = setTimeout(start, RESTART_MS);
    });
  };
  start();
  return {
    close(): void {
      closed = true;
      clearTimeout(restart);
      clearTimeout(settling);
      child?.kill('SIGKILL');
    },
  };
}
