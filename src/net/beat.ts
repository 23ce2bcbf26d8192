/**
 * An agent at rest does little, many times a second, and waking up for it costs more than what it does
 * then. So what comes again and again comes at the same moments.
 * @param now milliseconds, of the one clock that all of it goes by
 * @param everyMs from one moment to the next
 * @param phaseMs by how much these moments come later than those of others
 * @returns milliseconds until the next moment; one that is nearly there, or was met too early, is passed over
 */
export function untilBeat(now: number, everyMs: number, phaseMs = 0): number {
  const least = everyMs / 8;
  const past = (((now + least - phaseMs) % everyMs) + everyMs) % everyMs;
  return everyMs - past + least;
}
