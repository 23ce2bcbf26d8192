import * as z from 'zod';
import type { HostVxlan } from '../core/diagnosis/port-owner.ts';
import { bridgeName } from '../core/names.ts';
import { run } from '../system/run.ts';
import { inNamespace } from './namespace.ts';
import { inSandbox } from './sandbox.ts';

const Bridges = z.array(
  z.object({
    linkinfo: z
      .object({
        info_data: z
          .object({ mcast_snooping: z.number().optional(), mcast_querier: z.number().optional() })
          .optional(),
      })
      .optional(),
  }),
);

/** How a network's bridge takes part in multicast, read from the kernel now. */
export async function bridgeState(vni: number): Promise<{ snooping: boolean; querier: boolean }> {
  const { status, stdout } = await run(
    inNamespace('ip', '-json', '-details', 'link', 'show', 'dev', bridgeName(vni)),
  );
  const data = status === 0 ? Bridges.parse(JSON.parse(stdout))[0]?.linkinfo?.info_data : undefined;
  return { snooping: data?.mcast_snooping === 1, querier: data?.mcast_querier === 1 };
}

const Vxlans = z.array(
  z.object({
    ifname: z.string().optional(),
    linkinfo: z
      .object({
        info_data: z
          .looseObject({ id: z.number().optional(), port: z.number().optional() })
          .optional(),
      })
      .optional(),
  }),
);

/** The VXLAN devices of the host's own namespace, where castnet keeps none. */
export async function hostVxlans(): Promise<HostVxlan[]> {
  const { stdout } = await run(['ip', '-json', '-details', 'link', 'show', 'type', 'vxlan']);
  return vxlansOf(stdout);
}

/** Flags by which devices do not share a socket (include/net/vxlan.h, VXLAN_F_RCV_FLAGS). */
const KINDS = ['external', 'gbp', 'gpe', 'remcsum_rx', 'udp_zero_csum6_rx'];

/** Of `ip -json -details link show type vxlan`. */
export function vxlansOf(json: string): HostVxlan[] {
  return Vxlans.parse(json.trim() === '' ? [] : JSON.parse(json)).flatMap(
    ({ ifname: dev, linkinfo }) => {
      const data = linkinfo?.info_data ?? {};
      const { id: vni, port } = data;
      if (dev === undefined || vni === undefined || port === undefined) return [];
      return [{ dev, vni, port, kinds: KINDS.filter((it) => isSet(data[it])) }];
    },
  );
}

/** A flag without a value is true in iproute2 6.1, and null in 6.15. */
const isSet = (flag: unknown): boolean => flag === true || flag === null;

/** A container's route for multicast: whether it is there, and the interface that it belongs to. */
export interface RouteState {
  readonly there: boolean;
  readonly dev?: string;
}

/**
 * Looks for a container's route for multicast.
 * @param mac that of the interface by which its multicast is to leave
 * @returns undefined when its namespace cannot be entered
 */
export async function multicastRoute(
  sandbox: string,
  mac: string,
): Promise<RouteState | undefined> {
  const ip = (...argv: string[]) => run(inSandbox(sandbox, 'ip', '-json', ...argv));
  const [routes, links] = await Promise.all([
    ip('route', 'show', 'exact', '224.0.0.0/4'),
    ip('link', 'show'),
  ]);
  if (routes.status !== 0 || links.status !== 0) return undefined;
  const dev = Named.parse(JSON.parse(links.stdout)).find((it) => it.address === mac)?.ifname;
  const there = routes.stdout.trim() !== '' && (JSON.parse(routes.stdout) as unknown[]).length > 0;
  return { there, ...(dev === undefined ? {} : { dev }) };
}

const Named = z.array(z.object({ ifname: z.string(), address: z.string().optional() }));
