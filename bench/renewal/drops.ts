/** Where a kernel drops packets, by its own counters. Pure. */

/** By place, in words, how many packets were dropped there since the namespace, or the machine, is. */
export type Drops = ReadonlyMap<string, number>;

/** Of `/proc/net/snmp` and `/proc/net/dev` of one namespace (proc_pid_net(5)). */
export function dropsIn(name: string, snmp: string, dev: string): Drops {
  const [head = '', values = ''] = snmp.split('\n').filter((it) => it.startsWith('Udp:'));
  const words = head.split(/\s+/);
  const numbers = values.split(/\s+/).map(Number);
  const udp = ['RcvbufErrors', 'SndbufErrors'].map((it): [string, number] => [
    `${name}: ${it} of UDP`,
    numbers[words.indexOf(it)] ?? 0,
  ]);
  const links = dev
    .split('\n')
    .filter((it) => it.includes(':'))
    .flatMap((line): [string, number][] => {
      const [link = '', rest = ''] = line.split(':');
      // Eight columns of what came, then eight of what left; the fourth is what was dropped.
      const columns = rest.trim().split(/\s+/).map(Number);
      const of = (way: string) => `${name}: ${link.trim()}, dropped when ${way}`;
      return [
        [of('received'), columns[3] ?? 0],
        [of('sent'), columns[11] ?? 0],
      ];
    });
  return new Map([...udp, ...links]);
}

/**
 * Of `/proc/net/softnet_stat`: what found the queue of its CPU full (net.core.netdev_max_backlog), which
 * everything on the machine shares.
 */
export function backlogDrops(softnet: string): Drops {
  const lines = softnet.split('\n').filter((it) => it !== '');
  const sum = lines.reduce((all, it) => all + Number.parseInt(it.split(' ')[1] ?? '0', 16), 0);
  return new Map([['the machine: queue of a CPU full (softnet_stat)', sum]]);
}

/** What was dropped between two looks, most first, in words. */
export function since(before: Drops, after: Drops): string[] {
  return [...after]
    .map(([place, count]): [string, number] => [place, count - (before.get(place) ?? 0)])
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([place, count]) => `${place}: ${count}`);
}
