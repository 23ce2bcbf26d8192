import { z } from 'zod';
import type { Fact } from '../core/facts.ts';
import type { Membership } from '../core/membership.ts';
import { isBridge, isPort, isVxlan } from '../core/names.ts';

/**
 * The JSON that iproute2 prints, as facts. Only castnet's own devices count; a person may keep
 * others in the namespace. Unknown fields are ignored: each iproute2 adds some.
 */

const Links = z.array(
  z.object({
    ifname: z.string(),
    mtu: z.number(),
    master: z.string().optional(),
    linkinfo: z
      .object({
        info_data: z
          .object({
            local: z.string().optional(),
            local6: z.string().optional(),
            port: z.number().optional(),
          })
          .optional(),
      })
      .optional(),
  }),
);

/** Of `ip -json -details link show`. */
export function linkFacts(json: string): Fact[] {
  return Links.parse(parseJson(json)).flatMap(({ ifname: dev, mtu, master, linkinfo }): Fact[] => {
    if (isBridge(dev)) return [{ kind: 'bridge', dev, mtu }];
    if (isPort(dev)) return [{ kind: 'port', dev, bridge: master ?? '' }];
    if (!isVxlan(dev)) return [];
    const data = linkinfo?.info_data;
    const local = data?.local ?? data?.local6 ?? '';
    return [{ kind: 'vxlan', dev, bridge: master ?? '', local, port: data?.port ?? 0, mtu }];
  });
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
        }),
      )
      .optional(),
  }),
);

export interface MdbContents {
  /** Entries this agent wrote on the VXLAN ports. */
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
      const own = row.state === 'permanent' && !(row.flags ?? []).includes('added_by_star_ex');
      if (own) facts.push({ kind: 'member', bridge, dev: port, group, ...withSource });
    } else if (isPort(port) && !(row.flags ?? []).includes('blocked')) {
      const mode = row.filter_mode ?? (source === undefined ? 'exclude' : 'include');
      memberships.push({ bridge, port, group, mode, ...withSource });
    }
  }
  return { facts, memberships };
}

/** iproute2 prints nothing at all, rather than an empty list, where there is nothing to show. */
function parseJson(text: string): unknown {
  return text.trim() === '' ? [] : JSON.parse(text);
}
