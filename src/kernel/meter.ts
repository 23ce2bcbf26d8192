import * as z from 'zod';
import { inNamespace } from './namespace.ts';
import { mustRun, run } from './run.ts';

/** Multicast that one container sent to one group while it was measured. */
export interface Flow {
  /** The sender's bridge port. */
  readonly port: string;
  readonly source: string;
  readonly group: string;
  readonly packets: number;
  /** Bytes of the IP packets and their Ethernet headers. */
  readonly bytes: number;
}

const TABLE = 'castnet-meter';

/** What joins and leaves is told by the MDB; here only what carries data counts. */
const RULES = `
table bridge ${TABLE}
delete table bridge ${TABLE}
table bridge ${TABLE} {
  set sent4 { type ifname . ipv4_addr . ipv4_addr; size 65535; flags dynamic; timeout 1m; }
  set sent6 { type ifname . ipv6_addr . ipv6_addr; size 65535; flags dynamic; timeout 1m; }
  chain sent {
    type filter hook prerouting priority -400; policy accept;
    iifname "cv*" ip daddr 224.0.0.0/4 ip protocol != igmp add @sent4 { iifname . ip saddr . ip daddr counter }
    iifname "cv*" ip6 daddr ff00::/8 meta l4proto != icmpv6 add @sent6 { iifname . ip6 saddr . ip6 daddr counter }
  }
}
`;

const Listing = z.object({
  nftables: z.array(
    z.object({
      set: z
        .object({
          elem: z
            .array(
              z.object({
                elem: z.object({
                  val: z.object({ concat: z.tuple([z.string(), z.string(), z.string()]) }),
                  counter: z.object({ packets: z.number(), bytes: z.number() }),
                }),
              }),
            )
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** Measurements that overlap share one, so that the second does not wipe out the first. */
let running: Promise<Flow[]> | undefined;

/**
 * Counts what this host's containers send to groups. The rules that count are in force only
 * meanwhile, so nobody pays when nobody looks.
 * @param milliseconds how long
 */
export function measureFlows(milliseconds: number): Promise<Flow[]> {
  running ??= measure(milliseconds).finally(() => {
    running = undefined;
  });
  return running;
}

async function measure(milliseconds: number): Promise<Flow[]> {
  await mustRun(inNamespace('nft', '-f', '-'), RULES);
  try {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return flowsOf(await mustRun(inNamespace('nft', '-j', 'list', 'table', 'bridge', TABLE)));
  } finally {
    await run(inNamespace('nft', 'delete', 'table', 'bridge', TABLE));
  }
}

/** Of nft's JSON of the table. */
export function flowsOf(json: string): Flow[] {
  return Listing.parse(JSON.parse(json)).nftables.flatMap(({ set }) =>
    (set?.elem ?? []).map(({ elem: { val, counter } }) => {
      const [port, source, group] = val.concat;
      return { port, source, group, ...counter };
    }),
  );
}
