import { type KeptChild, keepRunning } from '../system/kept-child.ts';
import { whenFollowing } from './following.ts';
import { hostNetwork } from './remembered.ts';

/** Addresses, routes and links change in bursts; a container's start is one of some 20 lines. */
const SETTLE_MS = 500;

/** Devices of Docker's containers and of castnet's: what happens to them says nothing of the underlay. */
const CONTAINERS = /\b(veth[0-9a-f]+|c[bxvt][0-9a-f]+|docker_gwbridge|docker0|br-[0-9a-f]{12})\b/;

/** When its buffer is full the kernel drops all until it was read empty; so long it may take, milliseconds. */
const OVERFLOW_MS = 2_000;

/**
 * Says when addresses, routes, rules or links of the host have changed: `ip monitor` as a child. It is a hint
 * that makes a late address quick; the timer's look finds it too. What is remembered of them is forgotten.
 * @param onLost changes may have been missed since the child ended
 */
export function watchAddresses(onChange: () => void, onLost: (reason: string) => void): KeptChild {
  let settling: NodeJS.Timeout | undefined;
  let overflow: NodeJS.Timeout | undefined;
  /** Of the child that lives. */
  let current = 0;
  const settle = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      onChange();
    }, SETTLE_MS);
  };
  const child = keepRunning({
    argv: ['ip', 'monitor', 'address', 'link', 'route', 'rule'],
    onStart(pid) {
      current = pid;
      void whenFollowing(pid).then((follows) => {
        if (follows && current === pid) hostNetwork.following();
      });
    },
    onLine(line) {
      hostNetwork.changed();
      if (CONTAINERS.test(line) || !/^(Deleted )?\S/.test(line)) return;
      settle();
    },
    onErrorLine() {
      hostNetwork.lost();
      clearTimeout(overflow);
      const pid = current;
      overflow = setTimeout(() => {
        if (current === pid) hostNetwork.following();
        settle();
      }, OVERFLOW_MS);
    },
    onEnd(reason) {
      current = 0;
      hostNetwork.lost();
      onLost(reason);
    },
  });
  return {
    close(): void {
      current = 0;
      hostNetwork.lost();
      clearTimeout(settling);
      clearTimeout(overflow);
      child.close();
    },
  };
}
