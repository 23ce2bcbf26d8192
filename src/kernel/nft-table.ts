import * as z from 'zod';
import type { TableListing } from '../core/rules/table-listing.ts';
import { CommandError, mustRun, type RunOptions, run } from '../system/run.ts';

/**
 * What nft lists.
 * @param argv with what a command begins with to run in a network namespace
 * @returns undefined when nft says that there is no such table or set
 * @throws CommandError when it could not look: that is no answer
 */
export async function nftList(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string | undefined> {
  const { status, stdout, stderr } = await run(argv, '', options);
  if (status === 0) return stdout;
  if (stderr.includes('No such file or directory')) return undefined;
  throw new CommandError(argv, status, stderr);
}

/**
 * Reads and writes one table.
 * @param enter what a command begins with to run in the table's network namespace
 */
export function nftTable(
  family: string,
  name: string,
  enter: (...argv: string[]) => string[] = (...argv) => argv,
) {
  return {
    /** @returns undefined when there is no such table. @throws CommandError when it cannot be read */
    async read(): Promise<TableListing | undefined> {
      const listed = await nftList(enter('nft', '-j', 'list', 'table', family, name));
      return listed === undefined ? undefined : parseTable(listed);
    },

    /** Runs nft's script as one transaction. @throws CommandError in nft's words */
    async write(script: string): Promise<void> {
      await mustRun(enter('nft', '-f', '-'), script);
    },
  };
}

const Elements = z.object({
  name: z.string(),
  flags: z.union([z.string(), z.array(z.string())]).optional(),
  elem: z.array(z.unknown()).optional(),
});
const Item = z.looseObject({
  set: Elements.optional(),
  map: Elements.optional(),
  counter: z.object({ name: z.string(), packets: z.number() }).optional(),
});
const Listing = z.object({ nftables: z.array(Item) });

/** Of nft's JSON of a table. */
export function parseTable(json: string): TableListing {
  const { nftables } = Listing.parse(JSON.parse(json));
  const sets = nftables.flatMap((it) => it.set ?? it.map ?? []).filter((it) => !isDynamic(it));
  const plain = (elements: readonly unknown[]) => elements.filter((it) => typeof it === 'string');
  return {
    rules: JSON.stringify(nftables.filter((it) => !('metainfo' in it)).map(bare)),
    size: sets.reduce((sum, { elem = [] }) => sum + elem.length, 0),
    sets: new Map(sets.map(({ name, elem = [] }) => [name, plain(elem)])),
    counters: new Map(
      nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
    ),
  };
}

/** Whether rules put elements into it, as meters do; nft 1.0.6 tells of such a set only that it has time-outs. */
const isDynamic = ({ flags = [] }: z.infer<typeof Elements>): boolean =>
  flags.includes('dynamic') || flags.includes('timeout');

/** What changes without the rules: handles, counts, and what is in the sets and maps. */
const PASSING = new Set(['handle', 'packets', 'bytes', 'elem']);

function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => !PASSING.has(key));
  return Object.fromEntries(kept.map(([key, it]) => [key, bare(it)]));
}
