import * as z from 'zod';
import type { DeviceCount, HostTraffic } from '../contract/answers.ts';
import { isPort, isVxlan } from '../core/names.ts';
import { mustRun } from '../system/run.ts';
import { countFlows } from './meter.ts';
import { inNamespace } from './namespace.ts';
import { refusedPackets } from './refused.ts';

const Way = z.object({ bytes: z.number(), packets: z.number(), dropped: z.number() });
const Links = z.array(
  z.object({ ifname: z.string(), stats64: z.object({ rx: Way, tx: Way }).optional() }),
);

/** Longer than Prometheus' usual minute between two looks, milliseconds. */
const KEEP_FLOWS_MS = 150_000;

/** Those who ask at the same time share one answer. */
let reading: Promise<HostTraffic> | undefined;

/**
 * What this host's kernel counted up to now.
 * @param guards nft's name of the table with the networks' own limits
 * @throws CommandError in the words of ip or nft
 */
export function readTraffic(guards: string): Promise<HostTraffic> {
  reading ??= read(guards).finally(() => {
    reading = undefined;
  });
  return reading;
}

async function read(guards: string): Promise<HostTraffic> {
  const begun = performance.now();
  const [devices, flows, dropped] = await Promise.all([
    deviceCounts(),
    countFlows(KEEP_FLOWS_MS),
    refusedPackets(guards),
  ]);
  // Somewhere in between the kernel was read; a busy host takes its time.
  return { at: (begun + performance.now()) / 2, devices, flows, dropped };
}

/** The counters of every container's port and every tunnel of this host. */
export async function deviceCounts(): Promise<DeviceCount[]> {
  return countsOf(await mustRun(inNamespace('ip', '-json', '-stats', 'link', 'show')));
}

/** Of `ip -json -stats link show`. */
export function countsOf(json: string): DeviceCount[] {
  return Links.parse(JSON.parse(json)).flatMap(({ ifname: dev, stats64 }) => {
    if (stats64 === undefined || !(isPort(dev) || isVxlan(dev))) return [];
    const { rx, tx } = stats64;
    return [
      {
        dev,
        receivedBytes: rx.bytes,
        receivedPackets: rx.packets,
        receivedDropped: rx.dropped,
        sentBytes: tx.bytes,
        sentPackets: tx.packets,
        sentDropped: tx.dropped,
      },
    ];
  });
}
