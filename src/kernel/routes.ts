import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import * as z from 'zod';
import { mustRun, run } from './run.ts';

/** A host's interface and its MTU, bytes. */
export interface Underlay {
  readonly interface: string;
  readonly mtu: number;
}

const Links = z.array(
  z.object({
    ifname: z.string().optional(),
    mtu: z.number().optional(),
    addr_info: z.array(z.object({ local: z.string().optional() })).optional(),
  }),
);

/** Every address of this host, with the interface that carries it. */
export async function hostAddresses(): Promise<Map<string, Underlay>> {
  return parseAddresses(await mustRun(['ip', '-json', 'address', 'show']));
}

export function parseAddresses(json: string): Map<string, Underlay> {
  const found = new Map<string, Underlay>();
  for (const { ifname, mtu, addr_info: addresses = [] } of Links.parse(JSON.parse(json || '[]'))) {
    if (ifname === undefined || mtu === undefined) continue;
    for (const { local } of addresses) {
      if (local !== undefined && !found.has(local)) found.set(local, { interface: ifname, mtu });
    }
  }
  return found;
}

/** How this host's packets reach an address. */
export interface Route {
  /** The address of this host that they come from. */
  readonly source: string;
  readonly interface: string;
  /** Whether the address is one of this host itself. */
  readonly toItself: boolean;
}

const Routes = z.array(
  z.object({ type: z.string().optional(), dev: z.string(), prefsrc: z.string().optional() }),
);

/** @returns undefined when there is no route, or it says no source */
export async function routeTo(address: string): Promise<Route | undefined> {
  const { status, stdout } = await run(['ip', '-json', 'route', 'get', address]);
  return status === 0 ? parseRoute(stdout) : undefined;
}

export function parseRoute(json: string): Route | undefined {
  const [route] = Routes.parse(JSON.parse(json || '[]'));
  return route?.prefsrc === undefined
    ? undefined
    : { source: route.prefsrc, interface: route.dev, toItself: route.type === 'local' };
}

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
