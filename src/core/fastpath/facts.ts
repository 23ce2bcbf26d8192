/**
 * What the kernel holds for the fast path, as single facts: filters at devices, and entries of the maps
 * of bpf/fastpath.c. Devices are named by their index in the kernel, as the maps do.
 */
export type FastFact =
  /** A program at a device's tc hook for packets that come in. */
  | {
      readonly kind: 'filter';
      readonly at: 'castnet' | 'host';
      readonly dev: string;
      readonly program: Program;
      /** The kernel's number of the program; another one is of an older release. */
      readonly id: number;
    }
  /** This host's end of the tunnels. */
  | {
      readonly kind: 'self';
      readonly address: string;
      /** UDP port of VXLAN. */
      readonly port: number;
      readonly ipv6: boolean;
      /** Index of the end, in castnet's namespace, of the pair that leads to the host's. */
      readonly inside: number;
      /** Index of its other end. */
      readonly outside: number;
    }
  /** Another host, the next hop on the way to it and the network card that leads there. */
  | { readonly kind: 'way'; readonly host: string; readonly hop: string; readonly card: number }
  /** The container behind a port: only what is its own is taken from it and given to it. */
  | {
      readonly kind: 'port';
      readonly port: number;
      readonly vni: number;
      readonly mac: string;
      readonly ip: string;
      readonly ip6?: string;
    }
  /** A container of this host, behind a port. */
  | { readonly kind: 'here'; readonly vni: number; readonly mac: string; readonly port: number }
  /** A container of another host. */
  | { readonly kind: 'there'; readonly vni: number; readonly mac: string; readonly host: string }
  /** Who gets what is said to a group: members behind ports here, and hosts; both sorted. */
  | {
      readonly kind: 'group';
      readonly vni: number;
      readonly group: string;
      readonly ports: readonly number[];
      readonly hosts: readonly string[];
    };

export const PROGRAMS = ['from_container', 'to_wire', 'from_wire', 'to_container'] as const;
export type Program = (typeof PROGRAMS)[number];

/** The pair between the namespaces: its ends in castnet's and in the host's. */
export const INSIDE = 'cfp';
export const OUTSIDE = 'cfh';

/**
 * Entries come after the filters that read them and go before them, and the two containers of a packet
 * come last: a packet takes the fast path when all of it is there. What hands packets on is there before
 * what takes them, and after.
 */
const ORDER: Record<Exclude<FastFact['kind'], 'filter'> | Program, number> = {
  to_wire: 0,
  to_container: 0,
  from_wire: 1,
  from_container: 1,
  self: 2,
  way: 3,
  port: 4,
  here: 5,
  there: 5,
  group: 6,
};
const order = (it: FastFact): number => ORDER[it.kind === 'filter' ? it.program : it.kind];

/** One change. */
export interface FastStep {
  readonly action: 'put' | 'remove';
  readonly fact: FastFact;
}

/** What makes two facts speak of the same thing. */
export function fastIdentity(fact: FastFact): string {
  switch (fact.kind) {
    case 'filter':
      return `filter ${fact.at} ${fact.dev}`;
    case 'self':
      return 'self';
    case 'way':
      return `way ${fact.host}`;
    case 'port':
      return `port ${fact.port}`;
    case 'here':
    case 'there':
      return `station ${fact.vni} ${fact.mac}`;
    case 'group':
      return `group ${fact.vni} ${fact.group}`;
  }
}

/** Whether two facts say the same: their values are plain, or lists of such. */
function same(a: FastFact, b: FastFact): boolean {
  const left = a as unknown as Record<string, unknown>;
  const right = b as unknown as Record<string, unknown>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => sameValue(left[key], right[key]));
}

const sameValue = (a: unknown, b: unknown): boolean =>
  a === b ||
  (Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((it, at) => it === b[at]));

/**
 * The steps that make what there is into what there shall be. Removals come first: what is not sure any
 * more goes the slow path at once, which is always there.
 */
export function fastDifference(want: Iterable<FastFact>, have: Iterable<FastFact>): FastStep[] {
  const wanted = new Map([...want].map((it) => [fastIdentity(it), it]));
  const had = new Map([...have].map((it) => [fastIdentity(it), it]));
  const removed = [...had].filter(([key]) => !wanted.has(key)).map(([, fact]) => fact);
  const put = [...wanted]
    .filter(([key, fact]) => {
      const before = had.get(key);
      return before === undefined || !same(before, fact);
    })
    .map(([, fact]) => fact);
  return [
    ...sorted(removed)
      .reverse()
      .map((fact): FastStep => ({ action: 'remove', fact })),
    ...sorted(put).map((fact): FastStep => ({ action: 'put', fact })),
  ];
}

function sorted(facts: readonly FastFact[]): FastFact[] {
  const keyed = facts.map((fact) => ({ fact, key: fastIdentity(fact) }));
  keyed.sort((a, b) => order(a.fact) - order(b.fact) || (a.key < b.key ? -1 : 1));
  return keyed.map((it) => it.fact);
}

/** A step in words, with its reason, for the log and for `castnet plan`. */
export function explainFast({ action, fact }: FastStep): string {
  const verb = action === 'put' ? 'add' : 'remove';
  const why = action === 'put' ? reason(fact) : 'it is not sure any more, or not needed';
  return `${verb}: fast path: ${describe(fact)}, because ${why}`;
}

function describe(fact: FastFact): string {
  switch (fact.kind) {
    case 'filter':
      return `program ${fact.program} at ${fact.dev}`;
    case 'self':
      return `packets leave from ${fact.address} port ${fact.port}${fact.ipv6 ? '' : ', none of IPv6'}`;
    case 'way':
      return `host ${fact.host} is reached by ${fact.hop}`;
    case 'port':
      return `port ${fact.port} of VNI ${fact.vni} is ${fact.mac}, ${fact.ip}`;
    case 'here':
      return `${fact.mac} of VNI ${fact.vni} is behind port ${fact.port}`;
    case 'there':
      return `${fact.mac} of VNI ${fact.vni} is at host ${fact.host}`;
    case 'group': {
      const here = fact.ports.map((it) => `port ${it}`);
      const away = fact.hosts.map((it) => `host ${it}`);
      return `${fact.group} of VNI ${fact.vni} goes to ${[...here, ...away].join(', ')}`;
    }
  }
}

function reason(fact: FastFact): string {
  switch (fact.kind) {
    case 'filter':
    case 'self':
      return 'a network of this host may take the fast path';
    case 'way':
      return 'containers of a network are there, and a plain network card leads to it';
    case 'port':
    case 'here':
      return 'a container of this host has this address, and its network no rules';
    case 'there':
      return 'the tunnel has a route for it';
    case 'group':
      return 'bridge and tunnel give it to these, whoever says it';
  }
}
