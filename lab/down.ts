/** Takes a lab down, whatever state it is in. */
import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../src/cli/output.ts';
import { removeCgroups } from './cgroups.ts';
import { killPauseProcesses } from './pause-process.ts';
import { cgroupName, labBase, labDirectory } from './plan.ts';

/**
 * Ends every process of the lab, with which its namespaces, mounts and links
 * go, and removes its control groups and files. It reads no state: processes
 * are found by their mark, so it works after a killed `up` as well, and
 * calling it for a lab that does not exist changes nothing.
 * Errors: all failures together, after everything else has been removed.
 */
export async function labDown(name: string): Promise<void> {
  const dir = labDirectory(labBase(process.env), name);
  if (process.getuid?.() !== 0) {
    throw new UserError('taking a lab down needs root.', {
      hint: 'Run the same command with sudo.',
    });
  }
  const failures: unknown[] = [];
  for (const step of [
    () => killPauseProcesses(dir),
    () => removeCgroups(cgroupName(dir)),
    () => removeFiles(dir),
  ]) {
    await step().catch((error: unknown) => failures.push(error));
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `lab "${name}" is not down`);
}

/** Whether a directory of this lab exists, complete or not. */
export function labExists(name: string): boolean {
  return existsSync(labDirectory(labBase(process.env), name));
}

async function removeFiles(dir: string): Promise<void> {
  // The kernel unmounts a dead namespace a little later, so a retry or two may be needed.
  await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  const base = dirname(dir);
  const others = await readdir(base).catch(() => ['unknown']);
  // The base directory goes with its last lab, unless the user made it.
  if (others.length === 0 && process.env.CASTNET_LAB_DIR === undefined)
    await rmdir(base).catch(() => {});
}
