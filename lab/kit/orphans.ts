/** Labs of tests that were killed: the process whose id is in the name runs no more. */
import { existsSync } from 'node:fs';
import { labDown, listLabs } from '../lab.ts';

/** Takes down each lab that a test left behind. @returns their names */
export async function removeOrphans(): Promise<string[]> {
  const orphans = (await listLabs()).map((it) => it.name).filter(isOrphan);
  for (const name of orphans) await labDown(name);
  return orphans;
}

/** Whether a name is of a test, and the process that gave it has ended. */
export function isOrphan(name: string): boolean {
  const pid = /^test-[a-z0-9]+-([0-9a-z]+)$/.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${Number.parseInt(pid, 36)}`);
}
