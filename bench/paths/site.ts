/**
 * The part that all paths made here share: on each host a switch (a namespace with a bridge, as
 * castnet has one) and stations on it by veth, as containers are.
 */
import type { Lab } from '../../lab/lab.ts';
import { ip, makeNamespace, type Namespace } from '../namespaces.ts';
import type { Path, Station, Uplink } from '../path.ts';

export interface SiteStation extends Station {
  readonly mac: string;
  readonly host: number;
}

export interface Site {
  /** Of hosts 1, 2, 3, each with a bridge "sw0". */
  readonly switches: Namespace[];
  readonly stations: SiteStation[];
  close(): Promise<void>;
}

export interface SiteOptions {
  /**
   * The namespaces that become stations: the sender's on host 1, two on host 2, two on host 3. They are
   * containers', for Docker's rules in a container cost something too.
   */
  readonly homes: readonly Station[];
  /** Second byte of the stations' addresses 10.N.0.x, different for each path. */
  readonly net: number;
  readonly mtu: number;
  /** Settings of the bridges beyond `type bridge`. */
  readonly bridge: string;
}

/** Host of each station: the sender, and two receivers on each of the others. */
const HOSTS = [0, 1, 1, 2, 2];

/** A bridge that follows IGMP and asks itself, as castnet's does. */
export const SNOOPING =
  'forward_delay 0 mcast_snooping 1 mcast_querier 1 mcast_igmp_version 3 ' +
  'mcast_query_response_interval 1';

export async function makeSite({ homes, net, mtu, bridge }: SiteOptions): Promise<Site> {
  const made: Namespace[] = [];
  const close = async () => {
    await Promise.all(made.map((it) => it.close()));
  };
  const make = async () => {
    const one = await makeNamespace();
    made.push(one);
    return one;
  };
  return orClose(close, async () => {
    const switches = [await make(), await make(), await make()];
    for (const { path } of switches) {
      await ip(path, [`link add sw0 mtu ${mtu} type bridge ${bridge}`, 'link set sw0 up']);
    }
    const stations: SiteStation[] = [];
    for (const [index, home] of homes.entries()) {
      const host = HOSTS[index] ?? 0;
      const last = index + 1;
      const address = `10.${net}.0.${last}`;
      const mac = `02:be:${net.toString(16).padStart(2, '0')}:00:00:0${last}`;
      const device = `bench${net}`;
      // It goes with the switch's namespace, in which its other end is.
      const { path, pid } = switches[host] as Namespace;
      await ip(home.ns, [
        `link add ${device} address ${mac} mtu ${mtu} type veth peer name s${last} mtu ${mtu} netns ${pid}`,
        `address add ${address}/24 dev ${device}`,
        `link set ${device} up`,
      ]);
      await ip(path, [`link set s${last} master sw0 up`]);
      stations.push({ ns: home.ns, address, mac, host });
    }
    return { switches, stations, close };
  });
}

/** Closes what was made so far when `work` fails, for whose reason everybody waits. */
export async function orClose<T>(close: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

/** The path from the first of these stations to the others. */
export function pathOf(
  [sender, ...receivers]: readonly Station[],
  rest: Omit<Path, 'sender' | 'receivers'>,
): Path {
  if (sender === undefined) throw new Error('a path has no sender');
  return { ...rest, sender, receivers };
}

/** What the lab's hosts themselves send and take. */
export function hostUplinks(lab: Lab): Uplink[] {
  return lab.hosts.map((host) => ({
    ns: `/proc/${host.pid}/ns/net`,
    device: host.underlayInterface,
  }));
}
