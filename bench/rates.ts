/** The highest rates without loss, of several paths in turns. */
import type { Context } from './context.ts';
import type { Path } from './path.ts';
import { figure } from './result.ts';
import { RateSearch } from './search.ts';

export interface RatesOptions {
  /** For the progress. */
  readonly what: string;
  readonly paths: readonly Path[];
  /** Bytes of payload. */
  readonly size: number;
  /** Group, or undefined for unicast to the first receiver. */
  readonly group?: string;
  readonly receivers?: number;
  /** Packets a second of the first trial; a path through daemons starts at a quarter. */
  readonly start: number;
}

/**
 * Searches each path's rate, the paths' trials interleaved.
 * @returns packets a second for each path by round
 */
export async function rates(
  context: Context,
  { what, paths, start, ...trial }: RatesOptions,
): Promise<Map<string, number[]>> {
  const found = new Map(paths.map((path) => [path.name, [] as number[]]));
  const ms = context.quick ? 300 : 500;
  for (let round = 0; round < (context.quick ? 1 : 3); round++) {
    const searches = paths.map((path) => {
      const before = found.get(path.name)?.at(-1);
      // A later round begins where the last ended and only looks around there.
      const known = before !== undefined && before > 0;
      const first = path.daemons.length > 0 ? start / 4 : start;
      const stride = known ? 1.1 : 1.7;
      const precision = context.quick ? 1.15 : 1.035;
      const trials = known ? 6 : 10;
      return {
        path,
        search: new RateSearch({ start: known ? before * 0.97 : first, stride, precision, trials }),
      };
    });
    for (let going = true; going; ) {
      going = false;
      for (const { path, search } of searches) {
        const rate = search.next;
        if (rate === undefined) continue;
        going = true;
        search.report(await context.traffic.trial({ path, rate, ms, ...trial }));
      }
    }
    for (const { path, search } of searches) found.get(path.name)?.push(search.result);
    const line = searches.map(({ path, search }) => `${path.name} ${figure(search.result)}`);
    context.say(`${what}, round ${round + 1}, packets/s: ${line.join(', ')}`);
  }
  return found;
}
