import type * as z from 'zod';
import { type Told, unusable } from '../contract/parts.ts';

/** What another host answers, before anything is made of it. */
export interface PeerAnswer {
  readonly address: string;
  readonly answer?: unknown;
  readonly error?: string;
}

/** A host that did not answer, or not so that it can be used, and why. */
export interface Silent {
  readonly address: string;
  readonly error: string;
}

export interface Question {
  readonly what: string;
  readonly args: unknown;
  /** Whom to ask; by default all. */
  readonly among?: (address: string) => boolean;
  /** A host takes its time to answer: all work at the same time. Else a few are asked at a time. */
  readonly takesTime?: boolean;
}

/**
 * Asks every other host the same. Answers are handed over one by one, as they come: those of a thousand
 * hosts need not fit into memory together.
 * @param take of one that does not answer, the reason; while it is waited for, no more than a few others
 *   are asked
 */
export type AskPeers = (question: Question, take: (it: PeerAnswer) => unknown) => Promise<void>;

/**
 * Asks all, and hands over the answers that can be used, by the schema of what was asked (`ANSWERS`).
 * @returns the hosts without one
 */
export async function askAll<S extends z.ZodType>(
  askPeers: AskPeers,
  question: Question & { readonly schema: S },
  take: (answer: Told<S>) => unknown,
): Promise<Silent[]> {
  const silent: Silent[] = [];
  await askPeers(question, ({ address, answer, error }) => {
    if (error !== undefined) return silent.push({ address, error });
    const checked = question.schema.safeParse(answer);
    if (checked.success) return take(checked.data as Told<S>);
    return silent.push({ address, error: unusable(checked.error) });
  });
  return silent.sort((a, b) => (a.address < b.address ? -1 : 1));
}
