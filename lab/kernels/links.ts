/** The hosts' links and addresses. */
import type { LabHost } from '../lab.ts';
import { batch } from '../underlay.ts';

/** The interface that has the host's address: of h2 a bond, of h3 a VLAN. */
export async function wayOut(host: LabHost): Promise<string> {
  const { stdout } = await host.exec(['ip', '-json', 'address', 'show', 'to', host.address]);
  const found = JSON.parse(stdout) as { ifname?: string }[];
  return found.find((it) => it.ifname !== undefined)?.ifname ?? host.underlayInterface;
}

/** Gives the host's address to another interface; the host has it at every moment. */
export const moveAddress = (
  { pid, address }: LabHost,
  { from, to }: { from: string; to: string },
): Promise<void> =>
  batch(pid, [`address add ${address}/24 dev ${to}`, `address del ${address}/24 dev ${from}`]);
