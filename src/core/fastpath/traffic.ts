import type { DeviceCount, HostFlows, HostTraffic } from '../../contract/answers.ts';
import { vxlanName } from '../names.ts';
import type { FastFact } from './facts.ts';
import { FAST_COUNTS, type FastTallies } from './tallies.ts';

type Flow = HostFlows['flows'][number];
type FastPart = NonNullable<HostTraffic['fastPath']>;

/** The fast path's part of what a host counts, by the names that all else has. */
export interface FastTraffic {
  readonly flows: readonly Flow[];
  /** What containers were given, by their ports' names. */
  readonly given: ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>;
  readonly part: FastPart;
}

/** Of `castnet_fast_path_packets_total`, what is not a drop. */
const DROPS: readonly string[] = ['lost', 'missed'];
const REASONS: Readonly<Record<string, string>> = { lost: 'unwritable', missed: 'no-room' };

/**
 * @param facts what the fast path holds: a container says nothing by it but from its own address
 * @param names of the devices in castnet's namespace, by index
 */
export function fastTraffic(
  tallies: FastTallies,
  facts: readonly FastFact[],
  names: ReadonlyMap<number, string>,
): FastTraffic {
  const ports = new Map(facts.flatMap((it) => (it.kind === 'port' ? [[it.port, it]] : [])));
  const packets = FAST_COUNTS.map((way) => ({ way, packets: tallies.counts[way] }));
  return {
    flows: tallies.flows.flatMap(({ port: index, group, packets, bytes }) => {
      const [port, own] = [names.get(index), ports.get(index)];
      const source = group.includes(':') ? own?.ip6 : own?.ip;
      if (port === undefined || source === undefined) return [];
      return [{ port, source, group, packets, bytes }];
    }),
    given: new Map(
      tallies.given.flatMap(({ port, packets, bytes }) => {
        const name = names.get(port);
        return name === undefined ? [] : [[name, { packets, bytes }]];
      }),
    ),
    part: {
      hosts: tallies.hosts.map(({ vni, host, sent, received }) => ({
        ...{ vni, host, sentPackets: sent.packets, sentBytes: sent.bytes },
        ...{ receivedPackets: received.packets, receivedBytes: received.bytes },
      })),
      packets: packets.filter(({ way }) => !DROPS.includes(way)),
      dropped: packets.flatMap(({ way, packets }) =>
        DROPS.includes(way) ? [{ reason: REASONS[way] ?? way, packets }] : [],
      ),
    },
  };
}

/** What a host's kernel counted, whichever way packets went. */
export function withFast(slow: HostTraffic, fast: FastTraffic | undefined): HostTraffic {
  if (fast === undefined) return slow;
  return {
    ...slow,
    devices: slow.devices.map((it) => deviceWithFast(it, fast)),
    flows: allFlows(slow.flows, fast.flows),
    fastPath: fast.part,
  };
}

/** A container's port has counted what the container sent, and the tunnel nothing. */
function deviceWithFast(it: DeviceCount, { given, part }: FastTraffic): DeviceCount {
  const more = given.get(it.dev) ?? { packets: 0, bytes: 0 };
  const hosts = part.hosts.filter(({ vni }) => vxlanName(vni) === it.dev);
  const sum = (of: (host: (typeof hosts)[number]) => number) =>
    hosts.reduce((all, host) => all + of(host), 0);
  return {
    ...it,
    sentPackets: it.sentPackets + more.packets + sum((host) => host.sentPackets),
    sentBytes: it.sentBytes + more.bytes + sum((host) => host.sentBytes),
    receivedPackets: it.receivedPackets + sum((host) => host.receivedPackets),
    receivedBytes: it.receivedBytes + sum((host) => host.receivedBytes),
  };
}

const flowKey = ({ port, source, group }: Flow): string => `${port} ${source} ${group}`;

/** The same flow of several ways is one. */
export function allFlows(...lists: readonly (readonly Flow[])[]): Flow[] {
  const all = new Map<string, Flow>();
  for (const flow of lists.flat()) {
    const before = all.get(flowKey(flow));
    const { packets = 0, bytes = 0 } = before ?? {};
    all.set(flowKey(flow), {
      ...flow,
      packets: packets + flow.packets,
      bytes: bytes + flow.bytes,
    });
  }
  return [...all.values()];
}

/** What was said between two readings; one that began anew since counts from there. */
export function flowsSince(before: readonly Flow[], after: readonly Flow[]): Flow[] {
  const were = new Map(before.map((it) => [flowKey(it), it]));
  return after.flatMap((it) => {
    const was = were.get(flowKey(it));
    const isNew = was === undefined || was.packets > it.packets;
    const packets = it.packets - (isNew ? 0 : was.packets);
    return packets > 0 ? [{ ...it, packets, bytes: it.bytes - (isNew ? 0 : was.bytes) }] : [];
  });
}
