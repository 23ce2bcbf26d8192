import * as z from 'zod';
import { METER_RULES, METER_TABLE } from '../core/rules/meter-table.ts';
import { mustRun, run } from '../system/run.ts';
import { inNamespace } from './namespace.ts';

/** Multicast that one container sent to one group while it was counted. */
export interface Flow {
  /** The sender's bridge port. */
  readonly port: string;
  readonly source: string;
  readonly group: string;
  readonly packets: number;
  /** Bytes of the IP packets and their Ethernet headers. */
  readonly bytes: number;
}

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

/** Only one change of the rules at a time; what was asked last is in force at its end. */
let changing: Promise<unknown> = Promise.resolve();
let inForce: Promise<unknown> | undefined;
let wantedUntil = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * What this host's containers sent to groups since somebody began to ask: counters that only grow,
 * until an entry that was idle for a minute starts anew. The rules that count are in force only
 * while somebody asks, so nobody pays when nobody looks.
 * @param keepMs how long they stay for the next call, milliseconds
 * @throws CommandError in nft's words
 */
export async function countFlows(keepMs: number): Promise<Flow[]> {
  wantedUntil = Math.max(wantedUntil, performance.now() + keepMs);
  clearTimeout(timer);
  timer = setTimeout(stopCounting, wantedUntil - performance.now()).unref();
  inForce ??= change(() => mustRun(inNamespace('nft', '-f', '-'), METER_RULES));
  try {
    await inForce;
    return flowsOf(await mustRun(inNamespace('nft', '-j', 'list', 'table', 'bridge', METER_TABLE)));
  } catch (error) {
    // Somebody else took them away: the next call begins anew.
    inForce = undefined;
    throw error;
  }
}

/** Takes the rules away, also those that an agent before this one has left. */
export async function stopCounting(): Promise<void> {
  clearTimeout(timer);
  inForce = undefined;
  await change(() => run(inNamespace('nft', 'delete', 'table', 'bridge', METER_TABLE)));
}

function change(work: () => Promise<unknown>): Promise<unknown> {
  const done = changing.then(work);
  changing = done.catch(() => {});
  return done;
}

/**
 * What was sent within a time that begins now.
 * @param milliseconds how long
 */
export async function measureFlows(milliseconds: number): Promise<Flow[]> {
  const keepMs = milliseconds + 1000;
  const before = new Map((await countFlows(keepMs)).map((it) => [flowKey(it), it]));
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return (await countFlows(keepMs)).flatMap((it) => {
    const was = before.get(flowKey(it)) ?? { packets: 0, bytes: 0 };
    const packets = it.packets - was.packets;
    return packets > 0 ? [{ ...it, packets, bytes: it.bytes - was.bytes }] : [];
  });
}

const flowKey = ({ port, source, group }: Flow): string => `${port} ${source} ${group}`;

/** Of nft's JSON of the table. */
export function flowsOf(json: string): Flow[] {
  return Listing.parse(JSON.parse(json)).nftables.flatMap(({ set }) =>
    (set?.elem ?? []).map(({ elem: { val, counter } }) => {
      const [port, source, group] = val.concat;
      return { port, source, group, ...counter };
    }),
  );
}
