import * as z from 'zod';
import { inNamespace } from './namespace.ts';
import { nftList } from './nft-table.ts';

/** What the guards of one network dropped on this host since its rules were written. */
export interface Refused {
  readonly vni: number;
  readonly packets: number;
  readonly bytes: number;
}

const Listing = z.object({
  nftables: z.array(
    z.object({
      counter: z.object({ name: z.string(), packets: z.number(), bytes: z.number() }).optional(),
    }),
  ),
});

/**
 * Reads the guards' counters; a host without guarded networks has none.
 * @param table nft's name of the guards' table
 * @throws CommandError when they cannot be read
 */
export async function refusedPackets(table: string): Promise<Refused[]> {
  const listed = await nftList(inNamespace('nft', '-j', 'list', 'table', 'bridge', table));
  return listed === undefined ? [] : refusedOf(listed);
}

/** Of nft's JSON of the table. */
export function refusedOf(json: string): Refused[] {
  return Listing.parse(JSON.parse(json)).nftables.flatMap(({ counter }) => {
    const vni = /^refused-(\d+)$/.exec(counter?.name ?? '')?.[1];
    if (counter === undefined || vni === undefined) return [];
    return [{ vni: Number(vni), packets: counter.packets, bytes: counter.bytes }];
  });
}
