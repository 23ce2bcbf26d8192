import { derivedIpv6 } from '../../net/cidr.ts';
import {
  bareAddress,
  type LocalEndpoint,
  type LocalNetwork,
  type NetworkOptions,
  type Rate,
} from '../local.ts';
import { portName } from '../names.ts';

/**
 * The rules of the `castnet` namespace: what never crosses a tunnel, and what the settings of a
 * network forbid its containers to send. A network without such settings costs its packets nothing:
 * the hook on which the guards hang is there only while some network of the host has any.
 */

export const GUARD_TABLE = 'castnet';

/** What IPv6 cannot do without, and what the bridge itself must see to know the members. */
const NEIGHBOUR_DISCOVERY =
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert }';
const MEMBERSHIP_REPORTS =
  'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report }';

/**
 * Each bridge asks its own containers who is a member of what. A query from another host would
 * silence this bridge's own (querier election, RFC 3376 section 6.6.2), and membership here would
 * then hang on a host that may go. On this hook, which only the bridge's own packets pass, the
 * rules cost the containers' packets nothing; their reports are stopped by the VXLAN device itself
 * (`REPORT_MACS`).
 */
const QUERIES_STAY = ['cx*', 'ce*'].flatMap((tunnels) => [
  `    oifname "${tunnels}" ip protocol igmp drop`,
  `    oifname "${tunnels}" ${MEMBERSHIP_REPORTS} drop`,
]);

/** Whether a network's settings forbid its containers anything. */
export function isGuarded({ multicast, groups, rate, sourceCheck }: NetworkOptions): boolean {
  const limited = groups !== undefined || rate !== undefined;
  return multicast === false || sourceCheck === true || limited;
}

/**
 * The whole table for the networks of a host, without the ports that its guards watch.
 * @param silenced VNIs of networks of which some container's reports are dropped for now
 * @param macCheck whether rules must keep containers from sending from another's MAC, since the bridge
 *   of this kernel cannot lock its ports
 */
export function guardTable(
  networks: Iterable<LocalNetwork>,
  silenced: ReadonlySet<number> = new Set(),
  macCheck = false,
): string {
  const watched = [...networks]
    .filter((it) => isGuarded(it.options) || silenced.has(it.vni))
    .sort((a, b) => a.vni - b.vni);
  const guarded = watched.filter((it) => isGuarded(it.options));
  const silent = watched.filter((it) => silenced.has(it.vni));
  return [
    `table bridge ${GUARD_TABLE}`,
    `delete table bridge ${GUARD_TABLE}`,
    `table bridge ${GUARD_TABLE} {`,
    '  chain own-queries-stay {',
    '    type filter hook output priority filter; policy accept;',
    ...QUERIES_STAY,
    '  }',
    ...watched.map(({ vni }) => `  counter refused-${vni} { }`),
    ...guarded.flatMap(guardOf),
    ...silent.flatMap(silenceOf),
    ...(macCheck ? ['  set own-macs { type ifname . ether_addr; }'] : []),
    ...(watched.length === 0 && !macCheck ? [] : entrance(macCheck)),
    '}',
    '',
  ].join('\n');
}

function entrance(macCheck: boolean): string[] {
  return [
    '  map guarded { type ifname : verdict; }',
    '  chain guard {',
    // Before the bridge snoops (NF_BR_PRI_BRNF is 0): what is forbidden is not learnt either.
    '    type filter hook prerouting priority -300; policy accept;',
    ...(macCheck ? ['    iifname "cv*" iifname . ether saddr != @own-macs counter drop'] : []),
    '    iifname vmap @guarded',
    '  }',
  ];
}

/**
 * A container is on no VLAN. Who gets a frame with a tag of VID 0 takes it for one without (802.1p),
 * and the rules below do not look behind a tag: the kernel takes the outermost off and keeps it beside
 * the frame, where only the type that nft puts together again tells of it (net/netfilter/nft_payload.c).
 */
const tagged = (drop: string): string => `    ether type { 8021q, 8021ad } ${drop}`;

function guardOf({ vni, options }: LocalNetwork): string[] {
  const { multicast, groups, rate, sourceCheck } = options;
  return [
    // Without a size, for which the kernel would make room at once: core/services/balancing.ts.
    ...(rate === undefined
      ? []
      : [`  set rate-${vni} { type ifname; flags dynamic; timeout 1m; }`]),
    ...(sourceCheck === true
      ? [
          `  set own-${vni} { type ifname . ipv4_addr; }`,
          `  set own6-${vni} { type ifname . ipv6_addr; }`,
        ]
      : []),
    `  chain ${guardChain(vni)} {`,
    tagged(`counter name refused-${vni} drop`),
    ...(sourceCheck === true ? onlyOwn(vni) : []),
    '    meta pkttype { host, other } return',
    `    ${NEIGHBOUR_DISCOVERY} return`,
    ...(multicast === false
      ? onlyGroups([], vni)
      : [
          '    ip protocol igmp return',
          `    ${MEMBERSHIP_REPORTS} return`,
          ...(groups === undefined ? [] : onlyGroups(groups, vni)),
        ]),
    ...(rate === undefined ? [] : [limit(rate, vni)]),
    '  }',
  ];
}

function silenceOf({ vni, options }: LocalNetwork): string[] {
  const drop = `counter name refused-${vni} drop`;
  return [
    `  chain ${silenceChain(vni)} {`,
    tagged(drop),
    `    ip protocol igmp ${drop}`,
    `    ${MEMBERSHIP_REPORTS} ${drop}`,
    ...(isGuarded(options) ? [`    goto ${guardChain(vni)}`] : []),
    '  }',
  ];
}

/**
 * What names another's address as its sender's, in IP or ARP, and what only a bridge may ask. 0.0.0.0
 * and :: are who has no address yet (RFC 5227, RFC 4862); link-local addresses are a container's own
 * matter. The bridge itself sees to the MAC. Of neighbour discovery the sender is looked at, not what
 * it tells.
 */
function onlyOwn(vni: number): string[] {
  const drop = `counter name refused-${vni} drop`;
  return [
    `    igmp type membership-query ${drop}`,
    `    icmpv6 type mld-listener-query ${drop}`,
    `    ether type arp arp saddr ip != 0.0.0.0 iifname . arp saddr ip != @own-${vni} ${drop}`,
    `    ether type ip ip saddr != 0.0.0.0 iifname . ip saddr != @own-${vni} ${drop}`,
    `    ether type ip6 ip6 saddr != { ::, fe80::/10 } iifname . ip6 saddr != @own6-${vni} ${drop}`,
  ];
}

function onlyGroups(groups: readonly string[], vni: number): string[] {
  const drop = `counter name refused-${vni} drop`;
  const but = (key: string, list: readonly string[]) =>
    list.length === 0 ? '' : ` ${key} != { ${list.join(', ')} }`;
  const v4 = groups.filter((it) => !it.includes(':'));
  const v6 = groups.filter((it) => it.includes(':'));
  return [
    `    ip daddr 224.0.0.0/4${but('ip daddr', v4)} ${drop}`,
    `    ip6 daddr ff00::/8${but('ip6 daddr', v6)} ${drop}`,
  ];
}

/** A tenth of a second's worth may come at once. */
function limit({ per, second }: Rate, vni: number): string {
  const unit = per === 'packets' ? '' : ' bytes';
  const burst = `${Math.max(5, Math.ceil(second / 10))} ${per}`;
  return (
    `    add @rate-${vni} { iifname limit rate over ${second}${unit}/second burst ${burst} } ` +
    `counter name refused-${vni} drop`
  );
}

const guardChain = (vni: number): string => `guard-${vni}`;
const silenceChain = (vni: number): string => `silence-${vni}`;

/**
 * What the table's sets must hold, as nft names it: the ports whose packets are guarded, with the
 * chain that does it, and the addresses that are theirs.
 * @param silenced ports whose membership reports are dropped for now
 * @param macCheck as in `guardTable`
 */
export function guardElements(
  networks: Iterable<LocalNetwork>,
  endpoints: Iterable<LocalEndpoint>,
  silenced: ReadonlySet<string> = new Set(),
  macCheck = false,
): Set<string> {
  const byId = new Map([...networks].map((it) => [it.id, it]));
  return new Set(
    [...endpoints].flatMap((it) => {
      const network = byId.get(it.network);
      if (network === undefined) return [];
      const own = macCheck ? [`own-macs { "${portName(it.id)}" . ${it.mac} }`] : [];
      return [...own, ...elementsOf(it, network, silenced)];
    }),
  );
}

function elementsOf(
  { id, address }: LocalEndpoint,
  { vni, options }: LocalNetwork,
  silenced: ReadonlySet<string>,
): string[] {
  const port = `"${portName(id)}"`;
  const isSilenced = silenced.has(portName(id));
  if (!isSilenced && !isGuarded(options)) return [];
  const chain = isSilenced ? silenceChain(vni) : guardChain(vni);
  const elements = [`guarded { ${port} : jump ${chain} }`];
  if (options.sourceCheck !== true) return elements;
  const ip = bareAddress(address);
  elements.push(`own-${vni} { ${port} . ${ip} }`);
  if (options.ipv6 !== undefined) {
    elements.push(`own6-${vni} { ${port} . ${bareAddress(derivedIpv6(options.ipv6, ip))} }`);
  }
  return elements;
}

/**
 * The lines that make a table's sets hold other elements than before.
 * @param table with its family
 */
export function elementChanges(
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  table = `bridge ${GUARD_TABLE}`,
): string[] {
  const lines = (verb: string, list: Iterable<string>, but: ReadonlySet<string>) =>
    [...list]
      .filter((it) => !but.has(it))
      .map((it) => `${verb} element ${table} ${it}`)
      .sort();
  return [...lines('delete', before, after), ...lines('add', after, before)];
}
