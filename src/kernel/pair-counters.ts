import * as z from 'zod';

/** A set's element of two addresses, with its counter. */
export interface Counted {
  readonly pair: readonly [string, string];
  readonly packets: number;
  readonly bytes: number;
}

const Element = z.object({
  elem: z.object({
    val: z.object({ concat: z.tuple([z.string(), z.string()]) }),
    counter: z.object({ packets: z.number(), bytes: z.number() }),
  }),
});

const Listing = z.object({
  nftables: z.array(z.object({ set: z.object({ elem: z.array(Element).optional() }).optional() })),
});

/** Reads what `nft -j list set` prints. @throws ZodError when it is of another form */
export function parsePairCounters(text: string): Counted[] {
  return Listing.parse(JSON.parse(text))
    .nftables.flatMap(({ set }) => set?.elem ?? [])
    .map(({ elem: { val, counter } }) => ({ pair: val.concat, ...counter }));
}
