import type { LocalEndpoint, LocalNetwork, NetworkOptions, Rate } from './local.ts';
import { portName } from './names.ts';

/**
 * The rules of the `castnet` namespace: what never crosses a tunnel, and what the settings of a
 * network forbid its containers to send. A network without such settings costs its packets nothing:
 * the hook on which the guards hang is there only while some network of the host has any.
 */

export const GUARD_TABLE = 'castnet';

/**
 * Each bridge asks its own containers who is a member of what. A query from another host would
 * silence this bridge's own (querier election, RFC 3376 section 6.6.2), and membership here would
 * then hang on a host that may go. On this hook, which only the bridge's own packets pass, the
 * rules cost the containers' packets nothing; their reports are stopped by the VXLAN device itself
 * (`REPORT_MACS`).
 */
const QUERIES_STAY = [
  '    oifname "cx*" ip protocol igmp drop',
  '    oifname "cx*" icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } drop',
];

/** What IPv6 cannot do without, and what the bridge itself must see to know the members. */
const NEIGHBOUR_DISCOVERY =
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert }';
const MEMBERSHIP_REPORTS =
  'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report }';

/** Whether a network's settings forbid its containers anything. */
export function isGuarded({ multicast, groups, rate }: NetworkOptions): boolean {
  return multicast === false || groups !== undefined || rate !== undefined;
}

const byVni = (a: LocalNetwork, b: LocalNetwork): number => a.vni - b.vni;

/**
 * The whole table for the networks of a host, without the ports that its guards watch.
 * @param silenced VNIs of networks of which some container's reports are dropped for now
 */
export function guardTable(
  networks: Iterable<LocalNetwork>,
  silenced: ReadonlySet<number> = new Set(),
): string {
  const all = [...networks].sort(byVni);
  const guarded = all.filter((it) => isGuarded(it.options));
  const silent = all.filter((it) => silenced.has(it.vni));
  const watched = all.filter((it) => guarded.includes(it) || silent.includes(it));
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
    ...(watched.length === 0 ? [] : entrance()),
    '}',
    '',
  ].join('\n');
}

function entrance(): string[] {
  return [
    '  map guarded { type ifname : verdict; }',
    '  chain guard {',
    // Before the bridge snoops (NF_BR_PRI_BRNF is 0): what is forbidden is not learnt either.
    '    type filter hook prerouting priority -300; policy accept;',
    '    iifname vmap @guarded',
    '  }',
  ];
}

function guardOf({ vni, options }: LocalNetwork): string[] {
  const { multicast, groups, rate } = options;
  return [
    ...(rate === undefined
      ? []
      : [`  set rate-${vni} { type ifname; size 65535; flags dynamic; timeout 1m; }`]),
    `  chain ${guardChain(vni)} {`,
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
    `    ip protocol igmp ${drop}`,
    `    ${MEMBERSHIP_REPORTS} ${drop}`,
    ...(isGuarded(options) ? [`    goto ${guardChain(vni)}`] : []),
    '  }',
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
 * The ports whose packets are guarded, and the chain that does it.
 * @param silenced ports whose membership reports are dropped for now
 */
export function guardedPorts(
  networks: Iterable<LocalNetwork>,
  endpoints: Iterable<LocalEndpoint>,
  silenced: ReadonlySet<string> = new Set(),
): Map<string, string> {
  const byId = new Map([...networks].map((it) => [it.id, it]));
  return new Map(
    [...endpoints].flatMap(({ id, network }) => {
      const port = portName(id);
      const found = byId.get(network);
      if (found === undefined) return [];
      if (silenced.has(port)) return [[port, silenceChain(found.vni)] as const];
      return isGuarded(found.options) ? [[port, guardChain(found.vni)] as const] : [];
    }),
  );
}

/** The lines that make the guards watch other ports, or watch otherwise, than before. */
export function portChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const element = ([port, chain]: readonly [string, string]) => `"${port}" : jump ${chain}`;
  const gone = [...before].filter(([port, chain]) => after.get(port) !== chain);
  const come = [...after].filter(([port, chain]) => before.get(port) !== chain);
  const lines = (verb: string, list: (readonly [string, string])[]) =>
    list.map((it) => `${verb} element bridge ${GUARD_TABLE} guarded { ${element(it)} }`).sort();
  return [...lines('delete', gone), ...lines('add', come)];
}
