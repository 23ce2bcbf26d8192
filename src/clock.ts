/**
 * Milliseconds on a clock that no one can set: the kernel's CLOCK_MONOTONIC, which counts from the
 * boot. Unlike `performance.now()` it goes on over a restart of the agent, and so do the times in
 * the agent's files, which lie in /run and are gone after a boot as well.
 */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Milliseconds since 1970, which somebody may set: for people, and beside certificates. */
export const timeOfDay = (): number => Date.now();
