import { type KeptChild, keepRunning } from '../system/kept-child.ts';

/** Addresses, routes and links change in bursts; a container's start is one of some 20 lines. */
const SETTLE_MS = 500;

/** Devices of Docker's containers and of castnet's: what happens to them says nothing of the underlay. */
const CONTAINERS = /\b(veth[0-9a-f]+|c[bxvt][0-9a-f]+|docker_gwbridge|docker0|br-[0-9a-f]{12})\b/;

/**
 * Says when addresses, routes or links of the host have changed: `ip monitor` as a child. It is a hint
 * that makes a late address quick; the timer's look finds it too.
 * @param onLost changes may have been missed since the child ended
 */
export function watchAddresses(onChange: () => void, onLost: (reason: string) => void): KeptChild {
  let settling: NodeJS.Timeout | undefined;
  const child = keepRunning({
    argv: ['ip', 'monitor', 'address', 'link', 'route'],
    onLine(line) {
      if (CONTAINERS.test(line) || !/^(Deleted )?\S/.test(line)) return;
      settling ??= setTimeout(() => {
        settling = undefined;
        onChange();
      }, SETTLE_MS);
    },
    onEnd: onLost,
  });
  return {
    close(): void {
      clearTimeout(settling);
      child.close();
    },
  };
}
