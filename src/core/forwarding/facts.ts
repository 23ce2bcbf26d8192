/**
 * What the kernel of a host shall hold, or does hold, as single facts. The core computes the whole
 * list; the reconciler compares it with the list read from the kernel; each difference is a step.
 */

/**
 * `settled` says of a device that it is up with all of castnet's settings: an agent may have died
 * half-way, or a person may have changed one. Of a member entry it says that an agent wrote it: one
 * that the bridge learnt from a stray report (of MLDv1, while the sender's bridge is not querier yet)
 * stands in the way of ours and expires.
 */
export type Fact =
  /** A bridge in the `castnet` namespace, its own querier, snooping IGMP and MLD. */
  | {
      readonly kind: 'bridge';
      readonly dev: string;
      /**
       * Its own. Else it would take over a port's, and change with the ports, and the kernel drops
       * all neighbour entries of a device whose address changes (net/core/neighbour.c).
       */
      readonly mac: string;
      readonly mtu: number;
      readonly settled: boolean;
    }
  /** The VXLAN device that is the bridge's way to the other hosts. */
  | {
      readonly kind: 'vxlan';
      readonly dev: string;
      readonly bridge: string;
      readonly local: string;
      readonly port: number;
      readonly mtu: number;
      readonly settled: boolean;
    }
  /** A container's end of the bridge. Only ever found or removed: CreateEndpoint makes it. */
  | {
      readonly kind: 'port';
      readonly dev: string;
      readonly bridge: string;
      readonly settled: boolean;
    }
  /**
   * The host's own link to a network, in the host's own namespace: the other end of a port, and made
   * with it. Docker gave the address (`castnet expose`).
   */
  | {
      readonly kind: 'host-link';
      readonly dev: string;
      readonly port: string;
      readonly mac: string;
      /** With prefix length, IPv4 first, a space between. */
      readonly addresses: string;
      readonly mtu: number;
      readonly settled: boolean;
    }
  /** Frames for a container's MAC go to its host: one destination. */
  | { readonly kind: 'route'; readonly dev: string; readonly mac: string; readonly to: string }
  /** Frames for a MAC are copied to a host: one fact for each destination. */
  | { readonly kind: 'copy'; readonly dev: string; readonly mac: string; readonly to: string }
  /** The bridge knows behind which of its ports a MAC is; it never learns. */
  | {
      readonly kind: 'station';
      readonly bridge: string;
      readonly dev: string;
      readonly mac: string;
    }
  /** The bridge answers ARP for an address on another host. */
  | { readonly kind: 'neighbour'; readonly dev: string; readonly ip: string; readonly mac: string }
  /** The bridge passes a group, perhaps from one source only, to the VXLAN device. */
  | {
      readonly kind: 'member';
      readonly bridge: string;
      readonly dev: string;
      readonly group: string;
      readonly source?: string;
      readonly settled: boolean;
    };

/** The MAC of the VXLAN entry that takes whatever no other entry names: broadcast, 224.0.0.x. */
export const DEFAULT_MAC = '00:00:00:00:00:00';

/**
 * Where membership reports go: IGMPv3's 224.0.0.22 and MLDv2's ff02::16. Another host's bridge
 * would take them for members behind its tunnel, so the VXLAN device sends them nowhere.
 */
export const REPORT_MACS = ['01:00:5e:00:00:16', '33:33:00:00:00:16'];

/** The destination that the VXLAN device drops frames for (drivers/net/vxlan, vxlan_xmit_one). */
export const nowhere = (tunnelAddress: string): string =>
  tunnelAddress.includes(':') ? '::' : '0.0.0.0';

export const isNowhere = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** What makes two facts speak of the same thing, though they may say different things of it. */
export function identity(fact: Fact): string {
  switch (fact.kind) {
    case 'bridge':
    case 'vxlan':
    case 'port':
    case 'host-link':
      return `${fact.kind} ${fact.dev}`;
    case 'route':
      return `route ${fact.dev} ${fact.mac}`;
    case 'station':
      return `station ${fact.bridge} ${fact.mac}`;
    case 'copy':
      return `copy ${fact.dev} ${fact.mac} ${fact.to}`;
    case 'neighbour':
      return `neighbour ${fact.dev} ${fact.ip}`;
    case 'member':
      return `member ${fact.dev} ${fact.group} ${fact.source ?? '*'}`;
  }
}

/** Whether two facts of one kind say the same. */
export function same(a: Fact, b: Fact): boolean {
  if (a === b) return true;
  const left = a as unknown as Record<string, unknown>;
  const right = b as unknown as Record<string, unknown>;
  for (const key in left) if (left[key] !== right[key]) return false;
  for (const key in right) if (left[key] !== right[key]) return false;
  return true;
}
