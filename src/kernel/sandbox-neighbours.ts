import * as z from 'zod';
import { mustRun } from '../system/run.ts';
import { inSandbox } from './sandbox.ts';

const Neighbours = z.array(z.object({ dst: z.string(), dev: z.string() }));

/** An address that a container has asked for, and heard nothing of yet. */
export interface Unanswered {
  readonly ip: string;
  /** The container's interface. */
  readonly dev: string;
}

/**
 * What a container asks for by ARP just now.
 * @throws CommandError when the namespace cannot be entered
 */
export async function readUnanswered(path: string): Promise<Unanswered[]> {
  const argv = inSandbox(path, 'ip', '-4', '-json', 'neigh', 'show', 'nud', 'incomplete');
  return parseUnanswered(await mustRun(argv));
}

/** @param text ip's JSON; some releases print nothing for none */
export function parseUnanswered(text: string): Unanswered[] {
  if (text.trim() === '') return [];
  return Neighbours.parse(JSON.parse(text)).map(({ dst, dev }) => ({ ip: dst, dev }));
}
