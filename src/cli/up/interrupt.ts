import { UserError } from '../output.ts';

/**
 * Does something that Ctrl-C and a kind kill end in good order: what runs is ended, and what was opened
 * is closed before the command ends.
 * @param hint what to do after it was interrupted
 */
export async function interruptible<T>(
  hint: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new UserError('interrupted', { hint, exitCode: 130 }));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const it of signals) process.on(it, stop);
  try {
    const result = await work(interrupt.signal);
    // A host whose way was cut by the interrupt may have been told of as one that is out of reach.
    interrupt.signal.throwIfAborted();
    return result;
  } catch (error) {
    // What broke off since it was interrupted is no failure of its own.
    if (interrupt.signal.aborted) throw interrupt.signal.reason;
    throw error;
  } finally {
    for (const it of signals) process.off(it, stop);
  }
}
