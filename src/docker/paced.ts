import { Allowance } from '../core/allowance.ts';

/**
 * What work waits for, so that it is begun as soon as it is asked for, and no more often than by a rule
 * while it is asked for all the time.
 * @param now milliseconds of a clock that never goes back
 */
export function paced(
  rule: { readonly perSecond: number; readonly burst: number },
  now: () => number = () => performance.now(),
): () => Promise<void> | undefined {
  const allowance = new Allowance(rule, now());
  return () => {
    if (allowance.take(now())) return undefined;
    const missing = 1 - allowance.left(now());
    return new Promise((resolve) => {
      const turn = () => {
        allowance.take(now());
        resolve();
      };
      // A little more, for what is refilled by then is a matter of rounding.
      setTimeout(turn, Math.ceil((missing / rule.perSecond) * 1000) + 1).unref();
    });
  };
}
