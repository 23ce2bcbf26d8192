/** An address and a port as `wg` and people write them. */
export const inAddress = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
