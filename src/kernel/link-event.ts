const GONE = /^Deleted \d+: ([^@:\s]+)(?:@\S+)?: .* mtu \d+\s*$/;

/**
 * Reads one line of `bridge -details monitor link`. Returns the name of the device that is gone;
 * undefined for a line of another kind. A port that only leaves its bridge is told with its master.
 */
export function parseGoneLink(line: string): string | undefined {
  return GONE.exec(line)?.[1];
}

const UP = /^\d+: ([^@:\s]+)(?:@\S+)?: <(?:\S*,)?LOWER_UP(?:,\S*)?> /;

/** The same for the name of a device that is up; it is told several times. */
export function parseUpLink(line: string): string | undefined {
  return UP.exec(line)?.[1];
}
