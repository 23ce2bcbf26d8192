import type { HostReport } from '../../contract/report.ts';
import { isSource } from '../../net/group.ts';
import { spread } from '../../net/spread.ts';
import { VNI_MIN } from '../../net/vni.ts';
import type { Underlay } from './underlay.ts';

/** nft's name of the table in the host's own namespace. */
export const TUNNEL_TABLE = 'castnet';

/**
 * The host's kernel takes a VXLAN packet from whoever sends it. A container has ways to the host's
 * own network, so without these rules it could put frames into any castnet network of any host, by
 * its VXLAN id. So a packet with an id of castnet's (Docker's own overlay has others) is let in only
 *
 * - by an interface of the network between the hosts: a container on a bridge, whatever it is
 *   called, comes by another;
 * - from an address of a host of the Swarm: a container on macvlan or ipvlan comes by the hosts' own
 *   network, with an address of its own;
 * - not from the interface's own MAC, which is what ipvlan hands to its own host
 *   (drivers/net/ipvlan/ipvlan_core.c, ipvlan_xmit_mode_l2).
 *
 * What passes this host on its way must come by an interface of the hosts' network too; from which
 * address is for its receiver to judge. What leaves must have an address of this host: ipvlan in its
 * mode l3 sends by the host's own output. Connection tracking has put fragments together before
 * (priority -400), also of what it is then told to leave alone.
 *
 * Of an encrypted network no packet comes or goes here at all: its VXLAN device has its socket in another
 * namespace (kernel/wireguard-namespace.ts), and these rules are there before it is.
 */
export interface TunnelGuardWanted {
  /** UDP port of VXLAN. */
  readonly port: number;
  readonly underlay: Underlay;
  /** Addresses of the Swarm's hosts; undefined: not known yet, so every address counts as one. */
  readonly sources: ReadonlySet<string> | undefined;
  /** VXLAN ids of the encrypted networks, of which nothing may come or go in clear; sorted. */
  readonly encrypted?: readonly number[];
  /** The host's own address of the tunnels, whose packets pass connection tracking by; undefined: none. */
  readonly untracked?: string;
  /** The host's own links to castnet's networks; see `exposedChains`. */
  readonly exposed?: readonly string[];
}

/** Packets that the table's rules dropped, by its counters. */
export type TunnelDropped = NonNullable<HostReport['tunnelDropped']>;

/** nft's names of the sets of hosts' addresses, by their family. */
export const SOURCES = { v4: 'hosts4', v6: 'hosts6' };

/** The table without what its sets hold. It says in a comment what it was made from. */
export function tunnelTable(wanted: Omit<TunnelGuardWanted, 'underlay'>): string {
  const { port, sources, untracked, exposed = [], encrypted = [] } = wanted;
  // The 24 bits of the id lie 12 bytes into UDP (RFC 7348 section 5).
  const castnets = `udp dport ${port} @th,96,24 >= ${VNI_MIN}`;
  const drop = (why: string) => `counter name ${why} drop`;
  const ways = [
    `    iifname != @underlay ${drop('not-by-underlay')}`,
    `    ether saddr @own-macs ${drop('not-by-underlay')}`,
  ];
  const strangers = [
    `    ip saddr != @${SOURCES.v4} ${drop('not-from-a-host')}`,
    `    ip6 saddr != @${SOURCES.v6} ${drop('not-from-a-host')}`,
  ];
  // Without one, the table is as it ever was.
  const inClear =
    encrypted.length === 0
      ? []
      : [`    udp dport ${port} @th,96,24 { ${encrypted.join(', ')} } ${drop('in-clear')}`];
  const rules = [
    ...(encrypted.length === 0 ? [] : ['  counter in-clear { }']),
    '  counter not-by-underlay { }',
    '  counter not-from-a-host { }',
    '  set underlay { type ifname; }',
    '  set own-macs { type ether_addr; }',
    `  set ${SOURCES.v4} { type ipv4_addr; }`,
    `  set ${SOURCES.v6} { type ipv6_addr; }`,
    '  chain arriving {',
    ...ways,
    ...(sources === undefined ? [] : strangers),
    '  }',
    '  chain passing {',
    ...ways,
    '  }',
    '  chain leaving {',
    `    fib saddr type != local ${drop('not-from-a-host')}`,
    ...(untracked === undefined ? [] : [`    ${own(untracked, 'saddr')} notrack`]),
    '  }',
    ...(untracked === undefined ? [] : untrackedChain(castnets, untracked)),
    ...(exposed.length === 0 ? [] : exposedChains),
  ];
  const mark = spread([castnets, ...rules, ...inClear].join('\n')).toString(16);
  const chain = (hook: string, to: string) => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority -300; policy accept;`,
    // What passes may be of another Swarm, which has other networks under these ids.
    ...(hook === 'forward' ? [] : inClear),
    // A rule's comment: a table has none before Linux 5.10.
    `    ${castnets} goto ${to} comment "castnet ${mark}"`,
    '  }',
  ];
  return [
    `table inet ${TUNNEL_TABLE}`,
    `delete table inet ${TUNNEL_TABLE}`,
    `table inet ${TUNNEL_TABLE} {`,
    ...rules,
    ...chain('input', 'arriving'),
    ...chain('forward', 'passing'),
    ...chain('output', 'leaving'),
    '}',
    '',
  ].join('\n');
}

const own = (address: string, direction: string): string =>
  `${address.includes(':') ? 'ip6' : 'ip'} ${direction} ${address}`;

/**
 * VXLAN chooses its source port by the inner flow, so that each flow of a container would be a connection
 * of the host's, of a kind that nobody asks about. What this host only passes on, and may translate, is
 * tracked as ever.
 */
const untrackedChain = (castnets: string, address: string): string[] => [
  '  chain untracked {',
  '    type filter hook prerouting priority -300; policy accept;',
  `    ${own(address, 'daddr')} ${castnets} notrack`,
  '  }',
];

/**
 * By its own link to a network (`castnet expose`) a host speaks for itself alone and is spoken to at the
 * link's own address alone. Without these rules it would pass on what containers send to elsewhere, and
 * what others send to containers; take what is meant for its other addresses, with any address as the
 * sender's; and let a container tell it of routers. A published port (Docker's NAT) answers by it.
 */
const exposedChains: readonly string[] = [
  '  counter not-for-this-host { }',
  '  set exposed { type ifname; }',
  '  chain by-exposed {',
  '    type filter hook prerouting priority -300; policy accept;',
  '    iifname != @exposed return',
  // The bridge asks for members from no address at all.
  '    ip protocol igmp return',
  ...[
    'fib saddr . iif oif missing',
    'fib daddr . iif type != { local, broadcast, multicast }',
    'icmp type redirect',
    'icmpv6 type { nd-router-advert, nd-redirect }',
  ].map((it) => `    ${it} counter name not-for-this-host drop`),
  '  }',
  '  chain to-exposed {',
  '    type filter hook forward priority -10; policy accept;',
  '    oifname @exposed ct state != { established, related } counter name not-for-this-host drop',
  '  }',
];

/** What the table's sets must hold, as nft names it. */
export function tunnelElements(wanted: TunnelGuardWanted): Set<string> {
  const { underlay, sources, exposed = [] } = wanted;
  return new Set([
    ...[...exposed].sort().map((it) => `exposed { "${it}" }`),
    ...underlay.interfaces.map((it) => `underlay { "${it}" }`),
    ...underlay.macs.map((it) => `own-macs { ${it} }`),
    ...[...(sources ?? [])]
      .sort()
      .map((it) => `${it.includes(':') ? SOURCES.v6 : SOURCES.v4} { ${it} }`),
  ]);
}

/** How long an address is let in after nobody names it any more, milliseconds. */
const LINGER_MS = 600_000;

/**
 * Whose packets are let in: those of every host that is known now, and of those that were known
 * lately, for an agent that is silent may have a kernel that sends.
 * @param before when each address was last named, milliseconds
 * @param named the addresses that are known now; what is no address is left out
 * @returns the same for now; bounded by the hosts that were known within some minutes
 */
export function sourcesSeen(
  before: ReadonlyMap<string, number>,
  named: Iterable<string>,
  now: number,
): Map<string, number> {
  const kept = [...before].filter(([, at]) => now - at < LINGER_MS);
  const fresh = [...named].filter(isSource);
  return new Map([...kept, ...fresh.map((it) => [it, now] as const)]);
}
