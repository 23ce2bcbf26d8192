import * as z from 'zod';
import type { HostLink, UnderlayFacts } from '../core/rules/underlay.ts';
import { show } from './show.ts';

const Links = z.array(
  z.object({
    ifname: z.string().optional(),
    address: z.string().optional(),
    link_type: z.string().optional(),
    master: z.string().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z.array(z.object({ local: z.string().optional() })).optional(),
  }),
);

const Routes = z.array(
  z.object({
    dev: z.string().optional(),
    nexthops: z.array(z.object({ dev: z.string().optional() })).optional(),
  }),
);

/**
 * Reads by which interfaces of this host others are reached.
 * @param hosts their addresses
 * @throws CommandError in ip's words
 */
export async function readUnderlay(hosts: Iterable<string>): Promise<UnderlayFacts> {
  // The route that matches, whole: of several next hops one packet's way names one.
  const ways = [...hosts].map((it) => `route get fibmatch ${it}`);
  const everywhere = 'route show table all default';
  const [[links = '', four = '', ...found], six] = await Promise.all([
    show(['ip'], ['address show', everywhere], ways),
    // A kernel without IPv6 has no routes of it.
    show(['ip', '-6'], [], [everywhere]),
  ]);
  return {
    links: parseLinks(links),
    ways: parseDevices(found.join('\n')),
    defaults: [four, ...six].flatMap(parseDevices),
  };
}

/** Of `ip -json -details address show`. */
export function parseLinks(json: string): HostLink[] {
  return Links.parse(JSON.parse(json || '[]')).flatMap((it): HostLink[] => {
    const { ifname: name, address: mac, link_type, master, linkinfo, addr_info = [] } = it;
    const kind = linkinfo?.info_kind;
    if (name === undefined) return [];
    return [
      {
        name,
        ...(mac === undefined || link_type !== 'ether' ? {} : { mac }),
        ...(kind === undefined ? {} : { kind }),
        ...(master === undefined ? {} : { master }),
        addresses: addr_info.flatMap(({ local }) => local ?? []),
      },
    ];
  });
}

/** The interfaces in lists of routes, one list a line as a batch prints them. */
export function parseDevices(lines: string): string[] {
  const routes = lines
    .split('\n')
    .filter((it) => it.startsWith('['))
    .flatMap((it) => Routes.parse(JSON.parse(it)));
  const devices = routes.flatMap(({ dev, nexthops = [] }) => [
    dev,
    ...nexthops.map((it) => it.dev),
  ]);
  return [...new Set(devices.filter((it) => it !== undefined))];
}
