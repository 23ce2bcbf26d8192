import type { Service } from './services.ts';

/**
 * The balancer of one container: nftables rules in its own network namespace. A new connection to
 * a virtual address is turned to one of the tasks at random, and connection tracking keeps it
 * there; no process and no other host has a hand in it, and a task sees its client's own address.
 *
 * The rules hang on the output hook, so they cost the container's other traffic two look-ups in
 * each packet's way.
 *
 * The kernel remembers a connection whose task is gone: of UDP and ping for as long as the client
 * sends, of TCP up to five days, and whatever the client then begins from the same port would go
 * there too. nft cannot make it forget. So the packet that finds its task gone is not let through,
 * and those after it are tracked in a zone of their own, where they are a new connection to another
 * task. A connection that was only being opened is not refused: its client asks again by itself.
 *
 * So it is with a connection that was tried before there were rules, too: it was not translated,
 * the kernel remembers it like that for two minutes, and the port may be used again.
 */

/** The name of castnet's table; nothing else in the namespace is touched. */
export const TABLE = 'castnet';

/** A rule that is there when the table is in force: what a container flushed lacks it. */
export const LANDMARK = 'ip daddr vmap @services';

/** The set of every virtual address with each task that may rightly be behind it; it counts packets. */
export const PASSED = 'passed';

/**
 * The set of such pairs that counts connections. The rule itself adds a pair with its first one: written
 * beforehand they would be a third of the whole table's cost.
 */
export const BEGUN = 'begun';

/** The set of the virtual addresses that no task takes connections for. */
const IDLE = 'idle';

/** What is one connection for its client; `sent`: once its destination is translated. */
const KINDS = ['tcp', 'udp', 'icmp'].map((protocol) => {
  const map = `moved-${protocol}`;
  if (protocol === 'icmp') {
    const key = 'ip saddr . icmp id . ip daddr';
    return { map, key, sent: 'ip saddr . icmp id . ct original ip daddr', timeout: '3m' };
  }
  return {
    map,
    key: `ip saddr . ${protocol} sport . ip daddr . ${protocol} dport`,
    sent: `ip saddr . ${protocol} sport . ct original ip daddr . ct original proto-dst`,
    // Longer than the kernel remembers a connection that is silent: 120 s of UDP.
    timeout: protocol === 'tcp' ? '6d' : '3m',
  };
});

/** A zone that is not in use, but for a chance too small to matter; 0 is everyone's. */
const FRESH = 'numgen random mod 65000 offset 1';

/**
 * Everything but the services themselves.
 *
 * Sets that rules add to are said without a size: the kernel takes 65 535 for the most then, all the same
 * (nft_dynset.c, nft_dynset_init), and otherwise makes room for as many at once, 2 MB for each set.
 */
const FRAME = [
  `table ip ${TABLE} {`,
  '  map services { type ipv4_addr : verdict; }',
  '  set vips { type ipv4_addr; }',
  `  set ${IDLE} { type ipv4_addr; }`,
  // When it is full, what is new is not counted.
  `  set ${BEGUN} { type ipv4_addr . ipv4_addr; flags dynamic; counter; }`,
  `  set ${PASSED} { type ipv4_addr . ipv4_addr; counter; }`,
  ...KINDS.flatMap(({ map, key, timeout }) => [
    `  map ${map} {`,
    `    typeof ${key} : ct zone; flags dynamic,timeout; timeout ${timeout};`,
    '  }',
  ]),
  // -300 is before connections are tracked (NF_IP_PRI_RAW).
  '  chain before {',
  '    type filter hook output priority -300; policy accept;',
  '    ip daddr @vips goto zones',
  '  }',
  '  chain zones {',
  ...KINDS.map(({ map, key }) => `    ct original zone set ${key} map @${map}`),
  '  }',
  // -100 is where destinations are translated on the way out (NF_IP_PRI_NAT_DST).
  '  chain balance {',
  '    type nat hook output priority -100; policy accept;',
  `    ${LANDMARK}`,
  '  }',
  '  chain check {',
  '    type filter hook output priority 0; policy accept;',
  '    ct direction original ct original ip daddr @vips goto checked',
  '  }',
  // A zone that is in use stays known.
  '  chain keep {',
  ...KINDS.map(({ map, sent }) => `    update @${map} { ${sent} : ct original zone }`),
  '  }',
  '  chain checked {',
  '    ct original zone != 0 jump keep',
  `    ct original ip daddr . ip daddr @${PASSED} accept`,
  `    ct original ip daddr @${IDLE} goto refusal`,
  // The task that had this connection is gone, or the connection began before these rules.
  ...KINDS.flatMap(({ map, sent }) => [
    // An update leaves the value of an element that is there.
    `    delete @${map} { ${sent} : ct original zone }`,
    `    add @${map} { ${sent} : ${FRESH} }`,
  ]),
  '    tcp flags & (syn | ack) == syn drop',
  '    goto refusal',
  '  }',
  // At once, instead of keeping the client waiting. The refusal itself leaves by this hook too, as
  // a reply.
  '  chain refusal {',
  '    meta l4proto tcp reject with tcp reset',
  '    reject with icmp type port-unreachable',
  '  }',
  // The rules of translation are asked once for each connection.
  '  chain count {',
  '    type nat hook postrouting priority 90; policy accept;',
  `    ct original ip daddr @vips update @${BEGUN} { ct original ip daddr . ip daddr counter }`,
  '  }',
  '}',
];

/**
 * A whole table, in one transaction, that takes the place of one that an earlier agent wrote. The
 * zones of connections that were moved are kept, for some of them are in use.
 */
export function wholeTable(services: readonly Service[]): string {
  return [
    `table ip ${TABLE} { }`,
    // All rules of all chains go; chains of services that are no more stay, empty.
    `flush table ip ${TABLE}`,
    ...FRAME,
    `flush map ip ${TABLE} services`,
    ...['vips', IDLE, BEGUN, PASSED].map((it) => `flush set ip ${TABLE} ${it}`),
    ...changes(new Map(), services),
    '',
  ].join('\n');
}

/** The same where another table has the name, whatever is in it. */
export function freshTable(services: readonly Service[]): string {
  return [`table ip ${TABLE} { }`, `delete table ip ${TABLE}`, wholeTable(services)].join('\n');
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
  const [vips, idle, pairs] = [nothingChanged(), nothingChanged(), nothingChanged()];
  for (const [vip, service] of next) {
    const was = before.get(vip);
    if (was === undefined) {
      vips.added.push(vip);
      lines.push(`add chain ip ${TABLE} ${chain(vip)}`);
    }
    if (was === undefined || !same(was.serving, service.serving)) lines.push(...fill(service));
    if (was === undefined) {
      lines.push(`add element ip ${TABLE} services { ${vip} : goto ${chain(vip)} }`);
    }
    compareIdle(was, service, idle);
    comparePairs(was, service, pairs);
  }
  for (const was of before.values()) {
    const { vip } = was;
    if (next.has(vip)) continue;
    vips.gone.push(vip);
    lines.push(`delete element ip ${TABLE} services { ${vip} : goto ${chain(vip)} }`);
    lines.push(`flush chain ip ${TABLE} ${chain(vip)}`);
    lines.push(`delete chain ip ${TABLE} ${chain(vip)}`);
    compareIdle(was, undefined, idle);
    comparePairs(was, undefined, pairs);
  }
  return [
    ...lines,
    ...setChanges('vips', vips),
    ...setChanges(IDLE, idle),
    ...setChanges(PASSED, pairs),
  ];
}

/**
 * A service that has no task at all leaves its chain empty: the packet goes on to be refused.
 *
 * A packet that is in the chain while it is replaced finds the old rule's map empty already, for
 * the kernel looks up sets by the newest generation and rules by the one that the packet began
 * with. Seen: eight connections of 1 200 000 refused in 3 100 changes. So a second rule takes what
 * the first one had no task for.
 */
function fill({ vip, serving }: Service): string[] {
  const lines = [`flush chain ip ${TABLE} ${chain(vip)}`];
  const [first] = serving;
  if (first === undefined) return lines;
  const choices = serving.map((ip, i) => `${i} : ${ip}`).join(', ');
  const targets = [`numgen random mod ${serving.length} map { ${choices} }`, first];
  for (const it of targets) lines.push(`add rule ip ${TABLE} ${chain(vip)} dnat to ${it}`);
  return lines;
}

interface Changed {
  readonly added: string[];
  readonly gone: string[];
}

const nothingChanged = (): Changed => ({ added: [], gone: [] });

function compareIdle(was: Service | undefined, is: Service | undefined, into: Changed): void {
  const [before, now] = [was, is].map((it) => it?.serving.length === 0);
  if (now && !before) into.added.push((is as Service).vip);
  if (before && !now) into.gone.push((was as Service).vip);
}

/** One of both is there. */
function comparePairs(was: Service | undefined, is: Service | undefined, into: Changed): void {
  if (was !== undefined && is !== undefined) {
    if (same(was.serving, is.serving) && same(was.draining, is.draining)) return;
  }
  const old = new Set(was === undefined ? [] : tasksOf(was));
  const fresh = new Set(is === undefined ? [] : tasksOf(is));
  const vip = (is ?? was)?.vip;
  for (const ip of fresh) if (!old.has(ip)) into.added.push(`${vip} . ${ip}`);
  for (const ip of old) if (!fresh.has(ip)) into.gone.push(`${vip} . ${ip}`);
}

function setChanges(set: string, { added, gone }: Changed): string[] {
  return [
    ...(added.length === 0 ? [] : [`add element ip ${TABLE} ${set} { ${added.join(', ')} }`]),
    ...(gone.length === 0 ? [] : [`delete element ip ${TABLE} ${set} { ${gone.join(', ')} }`]),
  ];
}

const tasksOf = ({ serving, draining }: Service): string[] => [...serving, ...draining].sort();

/** `10.0.1.2` -> `vip-10-0-1-2`: nft's names hold no dots. */
const chain = (vip: string): string => `vip-${vip.replaceAll('.', '-')}`;

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((it, i) => it === b[i]);
