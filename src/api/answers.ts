import type * as z from 'zod';
import { type Told, unusable } from '../contract/parts.ts';

/** What another host answers, before anything is made of it. */
export interface PeerAnswer {
  readonly address: string;
  readonly answer?: unknown;
  readonly error?: string;
}

export interface Understood<T> {
  readonly answers: T[];
  /** Hosts that did not answer, or not so that it can be used, and why. */
  readonly silent: { readonly address: string; readonly error: string }[];
}

/** The answers that can be used, by the schema of what was asked (`ANSWERS`). */
export function understood<S extends z.ZodType>(
  given: readonly PeerAnswer[],
  schema: S,
): Understood<Told<S>> {
  const answers: Told<S>[] = [];
  const silent: { address: string; error: string }[] = [];
  for (const { address, answer, error } of given) {
    if (error !== undefined) {
      silent.push({ address, error });
      continue;
    }
    const checked = schema.safeParse(answer);
    if (checked.success) {
      answers.push(checked.data as Told<S>);
      continue;
    }
    silent.push({ address, error: unusable(checked.error) });
  }
  return { answers, silent };
}
