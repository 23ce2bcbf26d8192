import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Whether a child that reports the kernel's events hears them yet: it says nothing until the first
 * one, and those from before it subscribed are lost.
 */

/** From one look to the next, and how long at the most, milliseconds. */
const LOOK_MS = 5;
const LOOK_FOR_MS = 2_000;

/**
 * @param table the netlink sockets of the child's namespace (/proc/PID/net/netlink, columns as in
 *   net/netlink/af_netlink.c, netlink_native_seq_show): its first one has its pid for an address
 */
export function follows(table: string, pid: number): boolean {
  return table.split('\n').some((line) => {
    const [, protocol, port, groups] = line.trim().split(/\s+/);
    return protocol === '0' && port === String(pid) && Number.parseInt(groups ?? '', 16) > 0;
  });
}

/**
 * Resolves when the child follows events, or has ended, or after two seconds.
 * @returns whether it follows
 */
export async function whenFollowing(pid: number, read = readTable): Promise<boolean> {
  const end = performance.now() + LOOK_FOR_MS;
  while (performance.now() < end) {
    const table = read(pid);
    if (table === undefined) return false;
    if (follows(table, pid)) return true;
    await pause(LOOK_MS);
  }
  return false;
}

function readTable(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/net/netlink`, 'utf8');
  } catch {
    return undefined;
  }
}
