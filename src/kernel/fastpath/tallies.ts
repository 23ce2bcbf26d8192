import {
  type FastTallies,
  goneTallies,
  TALLY_MAPS,
  type TallyEntry,
  type TallyMap,
  talliesOf,
} from '../../core/fastpath/tallies.ts';
import { isVxlan, vniOf } from '../../core/names.ts';
import { bpftoolBatch } from './bpftool.ts';
import { answersOf, talliesIn } from './dump.ts';
import { keyLine } from './lines.ts';

/** What the agent's memory has room for; a host with more of it is told nothing of the fast path's counters. */
const OUTPUT_MOST = 16 * 1024 * 1024;

/**
 * Reads what the programs counted, and takes away what is of ports and networks that are gone.
 * @param directory where the programs are pinned
 * @param devices indexes of the devices in castnet's namespace, by name
 * @throws CommandError in the words of bpftool
 */
export async function readTallies(
  directory: string,
  devices: ReadonlyMap<string, number>,
): Promise<FastTallies> {
  const maps = `${directory}/maps`;
  const lines = TALLY_MAPS.map((it) => `map dump pinned ${maps}/${it}`);
  const found = parseTallies(await bpftoolBatch(lines, ['--json'], OUTPUT_MOST));
  const indexes = new Set(devices.values());
  const vnis = new Set([...devices.keys()].flatMap((it) => (isVxlan(it) ? [vniOf(it)] : [])));
  const gone = goneTallies(found, {
    port: (it) => indexes.has(it),
    vni: (it) => vnis.has(it),
  });
  if (gone.length > 0)
    await bpftoolBatch(
      gone.map(({ map, key }) => `map delete pinned ${maps}/${map} ${keyLine(key)}`),
    );
  return talliesOf(found);
}

/** Of bpftool's answers, in the order of `TALLY_MAPS`. */
export function parseTallies(json: string): Record<TallyMap, TallyEntry[]> {
  const answers = answersOf(json);
  const maps = TALLY_MAPS.map((map, at) => [map, talliesIn(answers[at] ?? '')] as const);
  return Object.fromEntries(maps) as unknown as Record<TallyMap, TallyEntry[]>;
}
