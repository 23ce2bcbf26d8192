import * as z from 'zod';
import type { Fact } from '../core/forwarding/facts.ts';
import type { Membership } from '../core/membership/membership.ts';
import { isBridge, isHostLink, isPort, isVxlan } from '../core/names.ts';
import { MEMBERSHIP_CS } from './commands.ts';

/**
 * The JSON that iproute2 prints, as facts. Only castnet's own devices count; a person may keep
 * others in the namespace. Unknown fields are ignored: each iproute2 adds some.
 */

const Links = z.array(
  z.object({
    ifname: z.string(),
    ifindex: z.number().optional(),
    mtu: z.number(),
    address: z.string().optional(),
    flags: z.array(z.string()).optional(),
    master: z.string().optional(),
    linkinfo: z
      .object({
        info_data: z.record(z.string(), z.unknown()).optional(),
        info_slave_data: z.record(z.string(), z.unknown()).optional(),
      })
      .optional(),
  }),
);

/** What `commands.ts` sets, as `ip` prints it; a bridge's times are in hundredths of a second. */
const BRIDGE_SETTINGS = {
  mcast_snooping: 1,
  mcast_querier: 1,
  mcast_igmp_version: 3,
  mcast_mld_version: 2,
  mcast_query_response_intvl: 1000,
  mcast_membership_intvl: MEMBERSHIP_CS,
};
const PORT_SETTINGS = { learning: false, flood: false };
const VXLAN_SETTINGS = {
  ...PORT_SETTINGS,
  neigh_suppress: false,
  proxy_arp_wifi: true,
  multicast_router: 0,
};

export type Link = z.infer<typeof Links>[number];

/** Of `ip -json -details link show`: every device, castnet's and others. */
export const parseLinks = (json: string): Link[] => Links.parse(parseJson(json));

/** Those of castnet's devices. */
export function linkFacts(links: readonly Link[]): Fact[] {
  return links.flatMap((link): Fact[] => {
    const { ifname: dev, mtu, master: bridge = '', linkinfo } = link;
    const data = linkinfo?.info_data ?? {};
    const settled = (settings: object, found: Record<string, unknown> | undefined): boolean =>
      (link.flags ?? []).includes('UP') &&
      Object.entries(settings).every(([key, value]) => found?.[key] === value);
    if (isBridge(dev)) {
      const mac = link.address ?? '';
      return [{ kind: 'bridge', dev, mac, mtu, settled: settled(BRIDGE_SETTINGS, data) }];
    }
    const asPort = linkinfo?.info_slave_data;
    if (isPort(dev)) {
      // A kernel before 5.16 has no such setting, and does not print it.
      const isSettled = settled(PORT_SETTINGS, asPort) && asPort?.locked !== false;
      return [{ kind: 'port', dev, bridge, settled: isSettled }];
    }
    if (!isVxlan(dev)) return [];
    const local = String(data.local ?? data.local6 ?? '');
    const port = Number(data.port ?? 0);
    const isSettled = settled(VXLAN_SETTINGS, asPort);
    return [{ kind: 'vxlan', dev, bridge, local, port, mtu, settled: isSettled }];
  });
}

const Veths = z.array(
  z.object({
    ifname: z.string().optional(),
    mtu: z.number().optional(),
    address: z.string().optional(),
    flags: z.array(z.string()).optional(),
    link_index: z.number().optional(),
    addr_info: z
      .array(
        z.object({
          family: z.string().optional(),
          local: z.string().optional(),
          prefixlen: z.number().optional(),
          scope: z.string().optional(),
        }),
      )
      .optional(),
  }),
);

/**
 * Of `ip -json -details address show type veth` in the host's own namespace. A device of such a name whose
 * other end is no port of castnet's is somebody else's.
 * @param links of the namespace `castnet`
 */
export function hostLinkFacts(json: string, links: readonly Link[]): Fact[] {
  const ports = new Map(
    links.flatMap(({ ifname, ifindex }) => (isPort(ifname) ? [[ifindex, ifname] as const] : [])),
  );
  return Veths.parse(parseJson(json)).flatMap((it): Fact[] => {
    const { ifname: dev = '', mtu = 0, address: mac = '', flags = [], addr_info = [] } = it;
    const port = ports.get(it.link_index);
    if (!isHostLink(dev) || port === undefined) return [];
    const addresses = addr_info
      .filter(({ local, scope }) => local !== undefined && scope === 'global')
      .sort((a, b) => (a.family === b.family ? 0 : a.family === 'inet' ? -1 : 1))
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
      .join(' ');
    return [{ kind: 'host-link', dev, port, mac, addresses, mtu, settled: flags.includes('UP') }];
  });
}

/** Of /proc/net/dev: two lines of head, and a line for each device of the namespace. */
export function deviceNames(text: string): string[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => /^\s*([^:\s]+):/.exec(line)?.[1] ?? []);
}

const Fdb = z.array(
  z.object({
    mac: z.string(),
    ifname: z.string(),
    dst: z.string().optional(),
    master: z.string().optional(),
    state: z.string().optional(),
  }),
);

/** Of `bridge -json fdb show`. */
export function fdbFacts(json: string): Fact[] {
  return Fdb.parse(parseJson(json)).flatMap(({ mac, ifname: dev, dst, master, state }): Fact[] => {
    if (master !== undefined && isBridge(master)) {
      return state === 'static' ? [{ kind: 'station', bridge: master, dev, mac }] : [];
    }
    if (!isVxlan(dev) || dst === undefined) return [];
    return [{ kind: takesCopies(mac) ? 'copy' : 'route', dev, mac, to: dst }];
  });
}

/** The default entry, and every MAC with the group bit (IEEE 802). */
function takesCopies(mac: string): boolean {
  return mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

const Neighbours = z.array(
  z.object({
    dst: z.string(),
    dev: z.string(),
    lladdr: z.string().optional(),
    state: z.array(z.string()).optional(),
  }),
);

/** Of `ip -json neigh show nud permanent`. */
export function neighbourFacts(json: string): Fact[] {
  return Neighbours.parse(parseJson(json)).flatMap(({ dst, dev, lladdr, state }): Fact[] =>
    isBridge(dev) && lladdr !== undefined && state?.includes('PERMANENT') === true
      ? [{ kind: 'neighbour', dev, ip: dst, mac: lladdr }]
      : [],
  );
}

const Mdb = z.array(
  z.object({
    mdb: z
      .array(
        z.object({
          dev: z.string(),
          port: z.string(),
          grp: z.string(),
          src: z.string().optional(),
          state: z.string().optional(),
          filter_mode: z.enum(['include', 'exclude']).optional(),
          flags: z.array(z.string()).optional(),
          source_list: z.array(z.unknown()).optional(),
        }),
      )
      .optional(),
  }),
);

export interface MdbContents {
  /** Entries of the VXLAN ports. */
  readonly facts: Fact[];
  /** What containers have joined. */
  readonly memberships: Membership[];
}

/** Of `bridge -json -details mdb show`. */
export function mdbContents(json: string): MdbContents {
  const facts: Fact[] = [];
  const memberships: Membership[] = [];
  for (const row of Mdb.parse(parseJson(json)).flatMap((it) => it.mdb ?? [])) {
    const { dev: bridge, port, grp: group, src: source } = row;
    const withSource = source === undefined ? {} : { source };
    if (isVxlan(port)) {
      // The kernel adds (S,G) rows of its own where an any-source member must hear a source that
      // another port asked for by name; they are not ours to remove.
      if ((row.flags ?? []).includes('added_by_star_ex')) continue;
      const settled = row.state === 'permanent';
      facts.push({ kind: 'member', bridge, dev: port, group, ...withSource, settled });
    } else if (isPort(port) && !(row.flags ?? []).includes('blocked')) {
      const mode = row.filter_mode ?? (source === undefined ? 'exclude' : 'include');
      const refuses = mode === 'exclude' && (row.source_list ?? []).length > 0;
      const filtered = refuses ? { filtered: true } : {};
      memberships.push({ bridge, port, group, mode, ...withSource, ...filtered });
    }
  }
  return { facts, memberships };
}

/** iproute2 prints nothing at all, rather than an empty list, where there is nothing to show. */
function parseJson(text: string): unknown {
  return text.trim() === '' ? [] : JSON.parse(text);
}
