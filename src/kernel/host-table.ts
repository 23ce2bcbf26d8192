import * as z from 'zod';
import { TUNNEL_TABLE, type TunnelDropped } from '../core/tunnel-guard.ts';
import { mustRun, run } from './run.ts';

const Listing = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const HostSet = z.object({
  set: z.object({ name: z.string(), elem: z.array(z.unknown()).optional() }),
});
const NamedCounter = z.object({
  counter: z.object({ name: z.string(), packets: z.number() }),
});

/** The table of castnet in the host's own namespace. */
export const tunnelTable = {
  /** @returns undefined when there is none */
  async readTable() {
    const argv = ['nft', '-j', 'list', 'table', 'inet', TUNNEL_TABLE];
    const { status, stdout } = await run(argv);
    return status === 0 ? parseTable(stdout) : undefined;
  },

  /** @throws CommandError in nft's words; nothing of the script is in force then */
  async writeTable(script: string): Promise<void> {
    await mustRun(['nft', '-f', '-'], script);
  },
};

/** Of nft's JSON of the table: what it holds, what it dropped, and the hosts that it lets in. */
export function parseTable(json: string): {
  content: string;
  hosts: string[] | undefined;
  dropped: TunnelDropped;
} {
  const { nftables } = Listing.parse(JSON.parse(json));
  const lists = nftables.flatMap((it) => {
    const { data } = HostSet.safeParse(it);
    return data?.set.name.startsWith('hosts') ? [data.set.elem ?? []] : [];
  });
  const hosts = lists.flat().filter((it) => typeof it === 'string');
  // An agent of this release that knows no host yet writes sets that nothing looks at.
  const inUse = lists.length > 0 && json.includes('"@hosts4"');
  const packets = (name: string): number =>
    nftables.reduce((sum, it) => {
      const { data } = NamedCounter.safeParse(it);
      return data?.counter.name === name ? sum + data.counter.packets : sum;
    }, 0);
  return {
    dropped: {
      notByUnderlay: packets('not-by-underlay'),
      notFromAHost: packets('not-from-a-host'),
    },
    content: JSON.stringify(nftables.filter((it) => !('metainfo' in it)).map(bare)),
    hosts: inUse ? hosts : undefined,
  };
}

/** What changes by itself: counts, handles, and in which order a set's elements are listed. */
const PASSING = new Set(['handle', 'packets', 'bytes']);

function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PASSING.has(key))
      .map(([key, it]) => [
        key,
        key === 'elem' && Array.isArray(it) ? it.map(text).sort() : bare(it),
      ]),
  );
}

const text = (value: unknown): string => JSON.stringify(value);
