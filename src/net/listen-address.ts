import ipaddr from 'ipaddr.js';

/** An IP address and a TCP port, from `10.0.0.1:80` or `[fd00::1]:80`; undefined: it is neither. */
export function addressAndPort(text: string): { host: string; port: number } | undefined {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? four ?? '';
  const port = Number(digits);
  const valid =
    six === undefined ? ipaddr.IPv4.isValidFourPartDecimal(host) : ipaddr.IPv6.isValid(host);
  return valid && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
