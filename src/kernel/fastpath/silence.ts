import * as z from 'zod';
import { NO_SELF } from '../../core/fastpath/entries.ts';
import { run } from '../../system/run.ts';
import { updateIdLine } from './lines.ts';
import { ownFilters } from './look.ts';

const Program = z.object({ map_ids: z.array(z.number()).optional() });
const Kept = z.object({ id: z.number(), name: z.string().optional() });

/**
 * Has programs at devices pass everything from now on, though nothing of them is pinned: what takes packets in
 * and what hands them on must be of one build, and share its maps.
 */
export async function silenceFilters(): Promise<void> {
  const programs = new Set((await ownFilters()).map((it) => it.id));
  const maps = new Set<number>();
  for (const id of programs) {
    const found = await show(Program, 'prog', id);
    for (const it of found?.map_ids ?? []) maps.add(it);
  }
  for (const id of maps) {
    const found = await show(Kept, 'map', id);
    if (found?.name !== NO_SELF.map) continue;
    await run(['bpftool', 'batch', 'file', '-'], `${updateIdLine(id, NO_SELF)}\n`);
  }
}

async function show<T>(
  schema: z.ZodType<T>,
  kind: 'prog' | 'map',
  id: number,
): Promise<T | undefined> {
  const { status, stdout } = await run(['bpftool', '--json', kind, 'show', 'id', String(id)]);
  return status === 0 ? schema.parse(JSON.parse(stdout)) : undefined;
}
