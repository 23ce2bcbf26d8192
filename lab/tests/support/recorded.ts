/** IP packets as they came to a host's link, to be sent again. */
import { linkOf, Tcpdump } from '../../kit/tcpdump.ts';
import type { LabHost } from '../../lab.ts';
import { until } from '../../run.ts';
import { packetReader } from './pcap.ts';

const ETHERNET = 14;

export interface Wanted {
  /** As tcpdump takes it. */
  readonly filter: string;
  readonly count: number;
}

/** Does something, and waits until so many packets came that the filter lets through. */
export async function recorded(
  host: LabHost,
  { filter, count }: Wanted,
  work: () => Promise<unknown>,
): Promise<Buffer[]> {
  const packets: Buffer[] = [];
  const read = packetReader(ETHERNET);
  const tcpdump = new Tcpdump(linkOf(host), [filter], (chunk) => {
    packets.push(...read(chunk).map((it) => it.packet));
  });
  await tcpdump.started();
  await work();
  await until(async () => packets.length >= count || undefined, {
    what: `${count} packets of "${filter}" at ${host.name}`,
    timeoutMs: 20_000,
    everyMs: 50,
  });
  await tcpdump.stop();
  return packets.slice(0, count);
}
