/** Packets that the machine itself lost: all labs' devices share its processors' queues. */
import { readFile } from 'node:fs/promises';

/**
 * Packets that this machine's processors have dropped so far since their queue of received packets was
 * full (net.core.netdev_max_backlog), in whatever namespace: the second column of /proc/net/softnet_stat.
 */
export async function backlogDrops(): Promise<number> {
  return parseDrops(await readFile('/proc/net/softnet_stat', 'utf8'));
}

/** Of /proc/net/softnet_stat: a line for each processor, in hexadecimal. */
export function parseDrops(text: string): number {
  const lines = text.split('\n').filter((it) => it !== '');
  return lines.reduce((sum, line) => sum + Number.parseInt(line.split(' ')[1] ?? '', 16), 0);
}
