/** lab.json: what `up` has decided to make, written before it is made. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ENGINE_NAMES, OWN } from './engines/names.ts';

const hostState = z.object({
  name: z.string(),
  address: z.string(),
  role: z.enum(['manager', 'worker']),
  dir: z.string(),
  socket: z.string(),
  /** Which Docker Engine it runs. */
  engine: z.enum(ENGINE_NAMES).default(OWN),
  /** What its Engine finds in its environment beside PATH and HOME. */
  engineEnv: z.record(z.string(), z.string()).default({}),
  /** Process id of the host's init on this machine; null until it runs. */
  pid: z.number().int().positive().nullable(),
});

const labState = z.object({
  version: z.literal(1),
  name: z.string(),
  /** "starting" until every host is ready; then "up". */
  phase: z.enum(['starting', 'up']),
  /** Process id of the init in whose namespace the underlay's bridge lies. */
  switchPid: z.number().int().positive().nullable(),
  hosts: z.array(hostState),
});

export type HostState = z.infer<typeof hostState>;
export type LabState = z.infer<typeof labState>;

/** The state that a text holds, or undefined when it is not one. */
export function parseState(text: string): LabState | undefined {
  try {
    return labState.parse(JSON.parse(text));
  } catch {
    // A killed `up` or another version: `down` works without the file as well.
    return undefined;
  }
}

/** The state of the lab in this directory; undefined when there is none to read. */
export async function readState(labDir: string): Promise<LabState | undefined> {
  try {
    return parseState(await readFile(stateFile(labDir), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the state whole or not at all: a reader never sees half of it. */
export async function writeState(labDir: string, state: LabState): Promise<void> {
  const draft = join(labDir, `.lab.json.${randomUUID()}`);
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`);
  await rename(draft, stateFile(labDir));
}

function stateFile(labDir: string): string {
  return join(labDir, 'lab.json');
}
