import type { Service } from './services.ts';

/**
 * The balancer of one container: nftables rules in its own network namespace. A new connection to
 * a virtual address is turned to one of the tasks at random, and connection tracking keeps it
 * there; no process and no other host has a hand in it, and a task sees its client's own address.
 *
 * The rules hang on the output hook, so they cost the container's other traffic two look-ups in
 * each packet's way. What goes on to a task that it went to before is looked up three times.
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

/**
 * The map of every virtual address with the numbers of its serving tasks, from 0 on, to these. One map for all
 * services and a chain for all that have as many tasks: a map, a chain and two rules for each cost the kernel more.
 */
const TASKS = 'tasks';

/**
 * The sets of pairs, of a virtual address and a task that is rightly behind it, that count connections and packets.
 * The rules themselves add a pair with its first one: each counter is memory of every processor. A pair goes when the
 * task does, so what is to a pair that is there may pass. (A pair that a packet adds while it is overtaken by the change
 * that takes the pair away stays: connections to that task are not moved then.)
 */
export const BEGUN = 'begun';
export const SENT = 'sent';

/**
 * The set of the other pairs that may have connections: all, where the table took the place of another; else those of
 * tasks that came, or came back, after it was made, and those that there was no memory to count. To write all pairs of
 * a container that has no connection yet would be half of all there is to write.
 */
const PAIRS = 'pairs';

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

/** Of a packet that these rules have just turned to a task: the first of its connection. */
const TURNED = 'ct status & (confirmed | dnat) == dnat';
/** Of any later one. */
const TURNED_BEFORE = 'ct status & (confirmed | dnat) == (confirmed | dnat)';

const PAIR = 'ct original ip daddr . ip daddr';

/** A zone that is not in use, but for a chance too small to matter; 0 is everyone's. */
const FRESH = 'numgen random mod 65000 offset 1';

/**
 * Everything but the services themselves.
 *
 * The kernel looks up sets as they are now, and rules as they were when a packet began with them. So while
 * tasks change, a packet may draw a number that has no task any more, or come into a chain whose rule is too new for
 * it. The rule after the landmark gives it the service's first task.
 *
 * Sets that rules add to are said without a size: the kernel takes 65 535 for the most then, all the same
 * (nft_dynset.c, nft_dynset_init), and otherwise makes room for as many at once, 2 MB for each set.
 */
const FRAME = [
  `table ip ${TABLE} {`,
  '  map services { type ipv4_addr : verdict; }',
  '  set vips { type ipv4_addr; }',
  `  set ${IDLE} { type ipv4_addr; }`,
  `  map ${TASKS} { typeof ip daddr . numgen random mod 2 : ip daddr; }`,
  `  set ${PAIRS} { type ipv4_addr . ipv4_addr; flags dynamic; }`,
  ...[BEGUN, SENT].map(
    (it) => `  set ${it} { type ipv4_addr . ipv4_addr; flags dynamic; counter; }`,
  ),
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
  `    ${oneOf(1)}`,
  '  }',
  '  chain check {',
  '    type filter hook output priority 0; policy accept;',
  // A look-up in a set of counters counts.
  `    ${TURNED_BEFORE} ct direction original ${PAIR} @${SENT} goto passing`,
  '    ct direction original ct original ip daddr @vips goto checked',
  '  }',
  '  chain passing {',
  '    ct original zone != 0 goto keep',
  '  }',
  // A zone that is in use stays known.
  '  chain keep {',
  ...KINDS.map(({ map, sent }) => `    update @${map} { ${sent} : ct original zone }`),
  '  }',
  '  chain checked {',
  `    ${TURNED} goto beginning`,
  `    ${PAIR} @${PAIRS} goto counted`,
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
  '  chain beginning {',
  `    update @${BEGUN} { ${PAIR} counter }`,
  '    goto counted',
  '  }',
  '  chain counted {',
  `    update @${SENT} { ${PAIR} counter } goto passing`,
  `    add @${PAIRS} { ${PAIR} }`,
  '    goto passing',
  '  }',
  // At once, instead of keeping the client waiting. The refusal itself leaves by this hook too, as
  // a reply.
  '  chain refusal {',
  '    meta l4proto tcp reject with tcp reset',
  '    reject with icmp type port-unreachable',
  '  }',
  '}',
];

/** A table in a namespace that has none: it is refused where there is one. Nothing has begun that could go on. */
export function newTable(services: readonly Service[]): string {
  return [
    `create table ip ${TABLE}`,
    ...FRAME,
    ...changes([], services),
    // Nothing is translated where an address leads to itself.
    ...elementsLine('add', PAIRS, services.flatMap(ownPair)),
    '',
  ].join('\n');
}

/**
 * A whole table, in one transaction, that takes the place of one that an earlier agent wrote. The
 * zones of connections that were moved are kept, for some of them are in use. Sets and maps stay, and elements that
 * are in them again are there at every moment: a packet that is on its way through the former rules finds them.
 */
export function wholeTable(services: readonly Service[]): string {
  return [
    `table ip ${TABLE} { }`,
    // All rules of all chains go; chains that nothing leads to any more stay, empty.
    `flush table ip ${TABLE}`,
    ...FRAME,
    ...['services', TASKS].map((it) => `flush map ip ${TABLE} ${it}`),
    ...['vips', IDLE, PAIRS, BEGUN, SENT].map((it) => `flush set ip ${TABLE} ${it}`),
    ...changes([], services),
    ...pairChanges([], services),
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
  const lines = [...changes(before, after), ...pairChanges(before, after)];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The contents of a set, or of a map by its keys. */
type Elements = ReadonlyMap<string, string>;

function changes(before: readonly Service[], after: readonly Service[]): string[] {
  const differences = Object.entries(ELEMENTS).map(([name, of]) => ({
    name,
    ...difference(before, after, of),
  }));
  const [formerCounts, counts] = [countsOf(before), countsOf(after)];
  return [
    ...[...counts].flatMap((it) => (formerCounts.has(it) ? [] : addChain(it))),
    // Of a key whose value is another one the kernel has to lose the old value first.
    ...differences.flatMap(({ name, gone }) => elementsLine('delete', name, gone)),
    ...differences.flatMap(({ name, added }) => elementsLine('add', name, added)),
    ...[...formerCounts].flatMap((it) => (counts.has(it) ? [] : deleteChain(it))),
  ];
}

/** Only a pair that is there can be deleted, and most are there from their first packet on. */
function pairChanges(before: readonly Service[], after: readonly Service[]): string[] {
  const { gone, added } = difference(before, after, pairs);
  return [
    ...elementsLine('add', PAIRS, added),
    ...[PAIRS, BEGUN, SENT].flatMap((name) =>
      (['add', 'delete'] as const).flatMap((verb) => elementsLine(verb, name, gone)),
    ),
  ];
}

/** What a service has in a set or map; of a set the values are empty. */
type ElementsOf = (service: Service) => (readonly [string, string])[];

const ELEMENTS: Readonly<Record<string, ElementsOf>> = {
  vips: ({ vip }) => [[vip, '']],
  [IDLE]: ({ vip, serving }) => (serving.length === 0 ? [[vip, '']] : []),
  [TASKS]: ({ vip, serving }) => serving.map((ip, at) => [`${vip} . ${at}`, ip]),
  services: ({ vip, serving }) =>
    serving.length === 0 ? [] : [[vip, `jump ${chain(serving.length)}`]],
};

const pairs: ElementsOf = ({ vip, serving, draining }) =>
  [...serving, ...draining].map((ip) => [`${vip} . ${ip}`, '']);

/** That of an address that is a container's as well. */
const ownPair: ElementsOf = ({ vip, serving }) =>
  serving.includes(vip) ? [[`${vip} . ${vip}`, '']] : [];

/** What is in a set or map of some services and not of others. */
function difference(before: readonly Service[], after: readonly Service[], of: ElementsOf) {
  const former = new Map(before.map((it) => [it.vip, it]));
  // Services that are as they were have the same elements.
  const stay = new Set(after.filter((it) => same(former.get(it.vip), it)).map((it) => it.vip));
  const isOther = ({ vip }: Service): boolean => !stay.has(vip);
  const elements = (it: readonly Service[]): Elements => new Map(it.filter(isOther).flatMap(of));
  const [old, now] = [elements(before), elements(after)];
  return { gone: lacking(old, now), added: lacking(now, old) };
}

/** Those of one that the other has not, or with another value. */
const lacking = (from: Elements, to: Elements): [string, string][] =>
  [...from].filter(([key, value]) => to.get(key) !== value);

function elementsLine(
  verb: 'add' | 'delete',
  name: string,
  elements: readonly (readonly [string, string])[],
): string[] {
  if (elements.length === 0) return [];
  const all = elements.map(([key, value]) => (value === '' ? key : `${key} : ${value}`));
  return [`${verb} element ip ${TABLE} ${name} { ${all.join(', ')} }`];
}

/** How many tasks services have that have some. */
const countsOf = (services: readonly Service[]): Set<number> =>
  new Set(services.map((it) => it.serving.length).filter((it) => it > 0));

const addChain = (count: number): string[] => [
  `add chain ip ${TABLE} ${chain(count)}`,
  `add rule ip ${TABLE} ${chain(count)} ${oneOf(count)}`,
];

const deleteChain = (count: number): string[] =>
  ['flush', 'delete'].map((it) => `${it} chain ip ${TABLE} ${chain(count)}`);

/** Of all services with so many tasks. */
function chain(count: number): string {
  return `one-of-${count}`;
}

/** The rule that translates to one of the first tasks of a virtual address, each equally likely. */
function oneOf(count: number): string {
  return `dnat to ip daddr . numgen random mod ${count} map @${TASKS}`;
}

const same = (a: Service | undefined, b: Service): boolean =>
  a !== undefined && equal(a.serving, b.serving) && equal(a.draining, b.draining);

const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((it, i) => it === b[i]);
