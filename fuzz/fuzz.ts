import fc, { type Arbitrary } from 'fast-check';

/** Something of castnet that takes what others wrote. */
export interface Target<T = unknown> {
  readonly name: string;
  readonly inputs: Arbitrary<T>;
  /**
   * Gives it one input. Throws when it did what it must never do; refusing in its own way is fine.
   * @returns how it answered, in few words
   */
  take(input: T): string | Promise<string>;
}

export interface Outcome {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Different answers met. */
  readonly answers: number;
  /** Milliseconds that the slowest input took. */
  readonly slowest: number;
  /** The smallest input found that breaks the target, with which it ended; null if none did. */
  readonly crash: { readonly input: unknown; readonly error: string } | null;
}

/** An input that takes longer than this is a finding too, milliseconds; a busy machine is slow. */
const TOO_SLOW_MS = 2_000;

/** Feeds a target with so many inputs, or until one breaks it; equal seeds make equal inputs. */
export async function fuzz(
  { name, inputs, take }: Target,
  { runs, seed }: { runs: number; seed: number },
): Promise<Outcome> {
  const answers = new Set<string>();
  const began = performance.now();
  let slowest = 0;
  const property = fc.asyncProperty(inputs, async (input) => {
    const at = performance.now();
    answers.add(await take(input));
    const took = performance.now() - at;
    slowest = Math.max(slowest, took);
    must(took <= TOO_SLOW_MS, `it took ${took.toFixed(0)} ms`);
  });
  const { numRuns, counterexample, errorInstance } = await fc.check(property, {
    numRuns: runs,
    seed,
  });
  return {
    target: name,
    inputs: numRuns,
    seconds: (performance.now() - began) / 1000,
    answers: answers.size,
    slowest,
    crash: counterexample && { input: counterexample[0], error: describe(errorInstance) },
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`;
}

/** @throws Error with these words unless it holds */
export function must(holds: boolean, words: string): void {
  if (!holds) throw new Error(words);
}
