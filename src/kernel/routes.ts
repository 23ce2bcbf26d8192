import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import * as z from 'zod';
import { mustRun, run } from '../system/run.ts';
import { show } from './show.ts';

/** A host's interface that holds an address, and its MTU, bytes. */
export interface Underlay {
  readonly interface: string;
  readonly mtu: number;
  /** Whether packets leave by it: by the loopback and dummies, which only hold addresses, none do. */
  readonly carries: boolean;
}

const Links = z.array(
  z.object({
    ifname: z.string().optional(),
    mtu: z.number().optional(),
    flags: z.array(z.string()).optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z.array(z.object({ local: z.string().optional() })).optional(),
  }),
);

/** Every address of this host, with the interface that holds it. */
export async function hostAddresses(): Promise<Map<string, Underlay>> {
  return parseAddresses(await mustRun(['ip', '-json', '-details', 'address', 'show']));
}

/** Of `ip -json -details address show`. */
export function parseAddresses(json: string): Map<string, Underlay> {
  const found = new Map<string, Underlay>();
  for (const link of Links.parse(parse(json))) {
    const { ifname, mtu, flags = [], linkinfo, addr_info: addresses = [] } = link;
    if (ifname === undefined || mtu === undefined) continue;
    const carries = !flags.includes('LOOPBACK') && linkinfo?.info_kind !== 'dummy';
    for (const { local } of addresses) {
      if (local !== undefined && !found.has(local)) {
        found.set(local, { interface: ifname, mtu, carries });
      }
    }
  }
  return found;
}

/** How this host's packets reach an address. */
export interface Route {
  /** The address of this host that they come from, where the route says one. */
  readonly source?: string;
  readonly interface: string;
  /** Whether the address is one of this host itself. */
  readonly toItself: boolean;
  /** What the route was given as its MTU, bytes; absent: that of the interface. */
  readonly mtu?: number;
}

const Routes = z.array(
  z.object({
    type: z.string().optional(),
    dev: z.string(),
    prefsrc: z.string().optional(),
    cache: z.array(z.string()).optional(),
    metrics: z.array(z.object({ mtu: z.number().optional() })).optional(),
  }),
);

/** @returns undefined when there is no route */
export async function routeTo(address: string): Promise<Route | undefined> {
  const { status, stdout } = await run(['ip', '-json', 'route', 'get', address]);
  return status === 0 ? parseRoutes(stdout)[0] : undefined;
}

/** How this host's packets reach some addresses, of those to which there is a route: by one program. */
export async function routesTo(addresses: readonly string[]): Promise<Route[]> {
  if (addresses.length === 0) return [];
  const lines = addresses.map((it) => `route get ${it}\n`).join('');
  return parseRoutes((await run(['ip', '-json', '-force', '-batch', '-'], lines)).stdout);
}

/** Of `ip -json route get`, once or in a batch, which prints a line for each. */
export function parseRoutes(lines: string): Route[] {
  return lines
    .split('\n')
    .flatMap((line) => Routes.parse(parse(line)))
    .map(({ type, dev, prefsrc, cache = [], metrics = [] }) => {
      // What was learnt from an ICMP message, which anyone can send, ends by itself in ten minutes.
      const learnt = cache.some((it) => it.startsWith('expires'));
      const mtu = learnt ? undefined : metrics.find((it) => it.mtu !== undefined)?.mtu;
      return {
        ...(prefsrc === undefined ? {} : { source: prefsrc }),
        interface: dev,
        toItself: type === 'local',
        ...(mtu === undefined ? {} : { mtu }),
      };
    });
}

/**
 * The MTUs, bytes, of the routes from an address of this host to others; a route that there is not,
 * or that leads to this host itself, has none.
 */
export async function routeMtus(to: readonly string[], from: string): Promise<number[]> {
  if (to.length === 0) return [];
  const asks = to.map((it) => `route get ${it} from ${from}`);
  const [links = '', ...found] = await show(['ip'], ['link show'], asks);
  const mtus = new Map(Links.parse(parse(links)).map((it) => [it.ifname, it.mtu]));
  return parseRoutes(found.join('\n')).flatMap((it) =>
    it.toItself ? [] : (it.mtu ?? mtus.get(it.interface) ?? []),
  );
}

const Table = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));

/** The routes of the host's main table to anything particular, of both families. */
export async function hostRoutes(): Promise<{ to: string; dev: string }[]> {
  const ask = 'route show table main';
  const [[four = ''], [six = '']] = await Promise.all([
    show(['ip'], [ask]),
    // A kernel without IPv6 has no routes of it.
    show(['ip', '-6'], [], [ask]),
  ]);
  return [four, six].flatMap((json) =>
    Table.parse(parse(json)).flatMap(({ dst, dev = 'no interface' }) =>
      dst === 'default' || dst.startsWith('fe80:') ? [] : [{ to: dst, dev }],
    ),
  );
}

const parse = (json: string): unknown => JSON.parse(json.trim() || '[]');

/** Longer than a resolver takes that answers at all, milliseconds. */
const RESOLVE_MS = 2000;

/** The addresses of a host that is named, or given by its address. */
export async function resolveHost(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<[]>((resolve) => {
    timer = setTimeout(() => resolve([]), RESOLVE_MS);
  });
  const found = lookup(host, { all: true }).then(
    (all) => all.map((it) => it.address),
    () => [],
  );
  return Promise.race([found, late]).finally(() => clearTimeout(timer));
}
