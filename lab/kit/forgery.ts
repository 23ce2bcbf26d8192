/** Packets that one host puts onto its link to another, whosever addresses they name, by the hundred thousand. */
import { join } from 'node:path';
import type { LabHost } from '../lab.ts';
import { ROOT } from './containers.ts';
import { bytes, hex, macOf } from './frames.ts';
import { datagram, ipPacket, vxlan } from './hostile-frames.ts';

export interface Forgery {
  readonly from: LabHost;
  readonly to: LabHost;
  /** How often each packet is sent; once unless told. */
  readonly times?: number;
}

/** What is forged within a network, by its kind. A station takes that for the name of who said it. */
export const KINDS = ['unicast', 'multicast', 'broadcast'] as const;

export interface Inside {
  readonly vni: number;
  /** The container that it names as its sender, and the one that shall take it. */
  readonly from: string;
  readonly to: string;
  /** One that the container is a member of. */
  readonly group: string;
  readonly tag: string;
}

/** VXLAN's payload with a datagram of each kind, to a container that a station is in. */
export function forgedFrames({ vni, from, to, group, tag }: Inside): Buffer[] {
  const low = bytes(group);
  low[1] = (low[1] as number) & 0x7f;
  const multicast = Buffer.concat([hex('01005e'), low.subarray(1)]);
  const places = { unicast: [to], multicast: [group, multicast], broadcast: ALL } as const;
  return KINDS.map((kind) => {
    const [address, mac = macOf(to)] = places[kind];
    const frame = datagram({ ip: from }, address, `${kind} ${tag} 1`);
    return vxlan(vni, Buffer.concat([mac, frame.subarray(6)]));
  });
}

const ALL = ['255.255.255.255', hex('ffffffffffff')] as const;

/** VXLAN in UDP to a host's port, under an address. @returns as `sendAsIs` */
export const sendForged = (forgery: Forgery, payloads: readonly Buffer[], as: string) =>
  sendAsIs(
    forgery,
    payloads.map((it) => ipPacket({ from: as, to: forgery.to.address, port: 4789 }, it)),
  );

/**
 * Sends IP packets as Ethernet frames, so that no rule of the sender is asked.
 * @returns how many were sent, and how many of them came by the other's card, before any rule of its own
 */
export async function sendAsIs(
  { from, to, times = 1 }: Forgery,
  packets: readonly Buffer[],
): Promise<{ sent: number; came: number }> {
  const mac = await linkAddress(from);
  const head = `${await linkAddress(to)}${mac}0800`.replaceAll(':', '');
  const input = packets.map((it) => `${head}${it.toString('hex')}\n`).join('');
  const program = ['perl', join(ROOT, 'lab/tools/frames.pl'), from.underlayInterface];
  await to.exec(['nft', '-f', '-'], { input: counting(mac) });
  try {
    const { stdout } = await from.exec([...program, String(times)], { input, timeoutMs: 120_000 });
    return { sent: Number(stdout), came: await counted(to) };
  } finally {
    await to.exec(['nft', 'delete', 'table', 'inet', TABLE]);
  }
}

const TABLE = 'lab-forgery';

/** Counts UDP to the ports of the tunnels from that card, and lets it pass. */
const counting = (mac: string): string => `table inet ${TABLE} {
  counter came { }
  chain arriving {
    type filter hook prerouting priority -1000; policy accept;
    ether saddr ${mac} udp dport { 4789, 51890 } counter name came
  }
}
`;

async function counted(host: LabHost): Promise<number> {
  const { stdout } = await host.exec(['nft', 'list', 'counter', 'inet', TABLE, 'came']);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

const linkAddress = async (host: LabHost): Promise<string> => {
  const path = `/sys/class/net/${host.underlayInterface}/address`;
  return (await host.exec(['cat', path])).stdout.trim();
};
