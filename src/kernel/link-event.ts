const GONE = /^Deleted \d+: ([^@:\s]+)(?:@\S+)?: .* mtu \d+\s*$/;

/**
 * Reads one line of `bridge -details monitor link`. Returns the name of the device that is gone;
 * undefined for a line of another kind. A port that only leaves its bridge is told with its master.
 */
export function parseGoneLink(line: string): string | undefined {
  return GONE.exec(line)?.[1];
}
