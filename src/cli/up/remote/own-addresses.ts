import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface OwnAddress {
  readonly interface: string;
  readonly address: string;
  /** Bytes. */
  readonly mtu: number;
}

/** This host's addresses but those of its loopback and of one link alone. */
export async function interfaces(): Promise<OwnAddress[]> {
  const found: OwnAddress[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const mtu = Number(await readFile(`/sys/class/net/${name}/mtu`, 'utf8').catch(() => '0'));
    for (const { address, internal } of addresses ?? []) {
      if (!internal && !/^fe80:/i.test(address)) found.push({ interface: name, address, mtu });
    }
  }
  return found;
}

/** The address that this host takes towards another; no packet is sent for it. */
export function addressTowards(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.once('error', reject);
    socket.connect(9, address, () => {
      const own = socket.address().address;
      socket.close();
      resolve(own);
    });
  });
}
