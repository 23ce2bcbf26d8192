import type { Service } from './services.ts';

/**
 * The balancer of one container: nftables rules in its own network namespace. A new connection to
 * a virtual address is turned to one of the tasks at random, and connection tracking keeps it
 * there; no process and no other host has a hand in it, and a task sees its client's own address.
 *
 * The rules hang on the output hook, so they cost the container's other traffic one look-up of the
 * first packet of each connection.
 */

/** The name of castnet's table; nothing else in the namespace is touched. */
export const TABLE = 'castnet';

/** A whole table, which replaces any that is there, in one transaction. */
export function wholeTable(services: readonly Service[]): string {
  return [
    `table ip ${TABLE}`,
    `delete table ip ${TABLE}`,
    `table ip ${TABLE} {`,
    '  map services { type ipv4_addr : verdict; }',
    // Every virtual address, and every address that may rightly be behind one.
    '  set vips { type ipv4_addr; }',
    '  set tasks { type ipv4_addr; }',
    '  chain balance {',
    // -100 is where destinations are translated on the way out (NF_IP_PRI_NAT_DST).
    '    type nat hook output priority -100; policy accept;',
    '    ip daddr vmap @services',
    '  }',
    '  chain refuse {',
    '    type filter hook output priority 0; policy accept;',
    // No task takes it, or the one that had this connection is gone: say so at once. The refusal
    // itself leaves by this hook too, as a reply.
    '    ct direction original ct original ip daddr @vips ip daddr != @tasks goto refusal',
    '  }',
    '  chain refusal {',
    '    meta l4proto tcp reject with tcp reset',
    '    reject with icmp type port-unreachable',
    '  }',
    '}',
    ...changes(new Map(), services),
    '',
  ].join('\n');
}

/**
 * What turns one table into another, in one transaction; empty when nothing differs.
 * @param before the services that the table in force was made from
 */
export function tableChanges(before: readonly Service[], after: readonly Service[]): string {
  const lines = changes(new Map(before.map((it) => [it.vip, it])), after);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function changes(before: ReadonlyMap<string, Service>, after: readonly Service[]): string[] {
  const lines: string[] = [];
  const next = new Map(after.map((it) => [it.vip, it]));
  for (const [vip, service] of next) {
    const was = before.get(vip);
    if (was === undefined) lines.push(`add chain ip ${TABLE} ${chain(vip)}`);
    if (was === undefined || !same(was.serving, service.serving)) lines.push(...fill(service));
    if (was === undefined) {
      lines.push(`add element ip ${TABLE} services { ${vip} : goto ${chain(vip)} }`);
    }
  }
  const gone = [...before.values()].filter((it) => !next.has(it.vip));
  for (const { vip } of gone) {
    lines.push(`delete element ip ${TABLE} services { ${vip} : goto ${chain(vip)} }`);
    lines.push(`flush chain ip ${TABLE} ${chain(vip)}`);
    lines.push(`delete chain ip ${TABLE} ${chain(vip)}`);
  }
  return [
    ...lines,
    ...setChanges('vips', [...before.keys()], [...next.keys()]),
    ...setChanges('tasks', tasks(before.values()), tasks(next.values())),
  ];
}

/** A service that has no task at all leaves its chain empty: the packet goes on to be refused. */
function fill({ vip, serving }: Service): string[] {
  const choices = serving.map((ip, i) => `${i} : ${ip}`).join(', ');
  const rule = `dnat to numgen random mod ${serving.length} map { ${choices} }`;
  return [
    `flush chain ip ${TABLE} ${chain(vip)}`,
    ...(serving.length === 0 ? [] : [`add rule ip ${TABLE} ${chain(vip)} counter ${rule}`]),
  ];
}

function setChanges(set: string, before: readonly string[], after: readonly string[]): string[] {
  const old = new Set(before);
  const fresh = new Set(after);
  const added = [...fresh].filter((it) => !old.has(it)).sort();
  const gone = [...old].filter((it) => !fresh.has(it)).sort();
  return [
    ...(added.length === 0 ? [] : [`add element ip ${TABLE} ${set} { ${added.join(', ')} }`]),
    ...(gone.length === 0 ? [] : [`delete element ip ${TABLE} ${set} { ${gone.join(', ')} }`]),
  ];
}

function tasks(services: Iterable<Service>): string[] {
  return [...services].flatMap(({ serving, draining }) => [...serving, ...draining]);
}

/** `10.0.1.2` -> `vip-10-0-1-2`: nft's names hold no dots. */
const chain = (vip: string): string => `vip-${vip.replaceAll('.', '-')}`;

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((it, i) => it === b[i]);
