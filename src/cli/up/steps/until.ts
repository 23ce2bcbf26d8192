import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../output.ts';

export interface UntilOptions {
  /** What is waited for, for the error: "… not within 60 s". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly hint: string;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks again and again until `look` gives undefined: else what it gives says what is still missing.
 * @throws UserError with what was missing last
 */
export async function until(
  look: () => Promise<string | undefined>,
  { what, timeoutMs, hint, everyMs = 250, signal }: UntilOptions,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const missing = await look();
    if (missing === undefined) return;
    if (performance.now() >= end) {
      throw new UserError(`${what}: not within ${timeoutMs / 1000} s: ${missing}`, { hint });
    }
    await delay(everyMs, undefined, { signal });
  }
}
