const UNITS = ['', 'k', 'M', 'G', 'T'];

/** `1.2 MB/s`; `0` for nothing. */
export const bytesPerSecond = (value: number): string => (value === 0 ? '0' : `${short(value)}B/s`);

export const packetsPerSecond = (value: number): string => `${short(value)}pkt/s`;

/** Three digits and a unit's first letter: `1.23 k`, `45.6 M`. */
export function short(value: number): string {
  let at = 0;
  let left = value;
  while (left >= 999.5 && at < UNITS.length - 1) {
    left /= 1000;
    at += 1;
  }
  const digits = at === 0 || left >= 99.5 ? 0 : left >= 9.95 ? 1 : 2;
  return `${left.toFixed(digits)} ${UNITS[at]}`;
}

/** `3 members`, `1 member`. */
export const count = (n: number, what: string): string => `${n} ${plural(n, what)}`;

export const plural = (n: number, what: string): string =>
  n === 1 ? what : `${what.replace(/y$/, 'ie')}s`;

export const clock = (at: number): string =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
