import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** Something of castnet that takes what others wrote. */
export interface Target {
  readonly name: string;
  /** What it takes in good order: real lines, of real programs. */
  readonly corpus: readonly string[];
  /**
   * Gives it one input. Throws when it did what it must never do; refusing in its own way is fine.
   * @returns how it answered, in few words: an input that is answered in a new way is mutated too
   */
  take(input: string, random: Random): string | Promise<string>;
}

/** An input that breaks a target. */
export interface Crash {
  readonly input: string;
  readonly error: string;
}

export interface Outcome {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Different answers met. */
  readonly answers: number;
  /** Milliseconds that the slowest input took. */
  readonly slowest: number;
  /** At most one for each error's first line. */
  readonly crashes: readonly Crash[];
}

/** An input that takes longer than this is a finding too, milliseconds; a busy machine is slow. */
const TOO_SLOW_MS = 2_000;

/** Inputs that were answered in a new way are kept, up to so many. */
const KEEP = 2_000;

/** Feeds a target with so many inputs; equal seeds make equal inputs. */
export async function fuzz(
  target: Target,
  { runs, seed }: { runs: number; seed: number },
): Promise<Outcome> {
  const random = new Random(seed);
  const corpus = [...target.corpus];
  const answers = new Set<string>();
  const crashes = new Map<string, Crash>();
  const began = performance.now();
  let slowest = 0;
  for (let run = 0; run < runs; run++) {
    // What it takes in good order comes first, as it is.
    const input = target.corpus[run] ?? mutate(corpus, random);
    const at = performance.now();
    try {
      const said = target.take(input, random);
      const answer = typeof said === 'string' ? said : await said;
      if (!answers.has(answer)) {
        answers.add(answer);
        if (corpus.length < KEEP && input.length > 0) corpus.push(input);
      }
    } catch (error) {
      const said = describe(error);
      const key = said.split('\n')[0] ?? '';
      const shorter = input.length < (crashes.get(key)?.input.length ?? Number.POSITIVE_INFINITY);
      if (shorter && (crashes.has(key) || crashes.size < 20))
        crashes.set(key, { input, error: said });
    }
    const took = performance.now() - at;
    if (took > TOO_SLOW_MS) crashes.set('slow', { input, error: `it took ${took.toFixed(0)} ms` });
    slowest = Math.max(slowest, took);
  }
  return {
    target: target.name,
    inputs: runs,
    seconds: (performance.now() - began) / 1000,
    answers: answers.size,
    slowest,
    crashes: [...crashes.values()],
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`;
}

/** @throws Error with these words unless it holds */
export function must(holds: boolean, words: string): void {
  if (!holds) throw new Error(words);
}
