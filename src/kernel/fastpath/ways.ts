import * as z from 'zod';
import type { Route, WayFacts, WayLink } from '../../core/fastpath/underlay.ts';
import { mustRun } from '../../system/run.ts';
import { show } from '../show.ts';

const Links = z.array(
  z.object({
    ifname: z.string(),
    link_type: z.string().optional(),
    master: z.string().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  }),
);
const Routes = z.array(
  z.looseObject({
    type: z.string().optional(),
    dst: z.string(),
    dev: z.string().optional(),
    gateway: z.string().optional(),
  }),
);
const Filters = z.array(
  z.object({
    kind: z.string(),
    options: z.object({ bpf_name: z.string().optional() }).optional(),
  }),
);
/** How tc calls the program that castnet has at a card. */
const OWN = /^from_wire:/;

/**
 * Reads by which ways the hosts are reached.
 * @param hosts their addresses
 * @throws CommandError in the words of ip or tc
 */
export async function readWays(hosts: readonly string[]): Promise<WayFacts> {
  const [[links = '[]', ...answers], policies] = await Promise.all([
    show(
      ['ip'],
      ['link show'],
      hosts.map((it) => `route get ${it}`),
    ),
    mustRun(['ip', 'xfrm', 'policy', 'list']),
  ]);
  const found = new Map(answers.flatMap(parseRoutes));
  const cards = new Set([...found.values()].map((it) => it.dev));
  const foreign = await Promise.all(
    [...cards].map(async (dev) => {
      const json = await mustRun(['tc', '-json', 'filter', 'show', 'dev', dev, 'ingress']);
      return [dev, parseForeign(json)] as const;
    }),
  );
  return {
    routes: new Map(hosts.map((it) => [it, found.get(it)])),
    links: parseWayLinks(links),
    ipsec: policies.trim() !== '',
    foreign: new Map(foreign),
  };
}

/** Of `ip -json -details route get`: of several next hops it names the one that it takes. */
export function parseRoutes(json: string): [string, Route][] {
  return Routes.parse(JSON.parse(json)).flatMap((it): [string, Route][] => {
    const { type = 'unicast', dst, dev, gateway } = it;
    if (dev === undefined) return [];
    const special = type !== 'unicast' || 'via' in it || 'encap' in it;
    return [[dst, { dev, special, ...(gateway === undefined ? {} : { gateway }) }]];
  });
}

/** Of `ip -json -details link show`. */
export function parseWayLinks(json: string): WayLink[] {
  return Links.parse(JSON.parse(json)).map(({ ifname: name, link_type, master, linkinfo }) => ({
    name,
    ethernet: link_type === 'ether',
    ...(linkinfo?.info_kind === undefined ? {} : { kind: linkinfo.info_kind }),
    ...(master === undefined ? {} : { master }),
  }));
}

/** Of `tc -json filter show`: each filter is told twice, first without its options. */
export function parseForeign(json: string): string[] {
  const names = Filters.parse(JSON.parse(json || '[]')).flatMap(({ kind, options }) => {
    if (options === undefined && kind === 'bpf') return [];
    return OWN.test(options?.bpf_name ?? '') ? [] : [options?.bpf_name ?? kind];
  });
  return [...new Set(names)];
}
