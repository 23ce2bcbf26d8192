import type { LabHost } from '../lab.ts';

/** The interface that has the host's address: of h2 a bond, of h3 a VLAN. */
export async function wayOut(host: LabHost): Promise<string> {
  const { stdout } = await host.exec(['ip', '-json', 'address', 'show', 'to', host.address]);
  const found = JSON.parse(stdout) as { ifname?: string }[];
  return found.find((it) => it.ifname !== undefined)?.ifname ?? host.underlayInterface;
}
