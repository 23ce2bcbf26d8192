/** Sizes tried at once in one round. */
const PER_ROUND = 32;

export interface PathMtuSearch {
  /** A size that is known to pass, bytes. */
  readonly least: number;
  /** The size that should pass, bytes. */
  readonly most: number;
  /** Sends packets of these sizes, and tells which of them were answered. */
  readonly attempt: (sizes: readonly number[]) => Promise<ReadonlySet<number>>;
}

/**
 * The largest packet that passes, found in a few rounds of many sizes each; a round costs a
 * timeout where something is lost, so a binary search would take longer.
 */
export async function findPathMtu({ least, most, attempt }: PathMtuSearch): Promise<number> {
  if (most <= least || (await attempt([most])).has(most)) return most;
  let passes = least;
  let fails = most;
  while (fails - passes > 1) {
    const step = Math.max(1, Math.ceil((fails - passes) / PER_ROUND));
    const sizes: number[] = [];
    for (let size = passes + step; size < fails; size += step) sizes.push(size);
    const answered = await attempt(sizes);
    // The first that is lost bounds it, so that one that passes by luck above it does not count.
    const lost = sizes.find((it) => !answered.has(it));
    passes = sizes.filter((it) => lost === undefined || it < lost).at(-1) ?? passes;
    fails = lost ?? fails;
  }
  return passes;
}
