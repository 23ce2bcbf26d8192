import { readFile, writeFile } from 'node:fs/promises';
import type { FastStep } from '../../core/fastpath/facts.ts';
import type { FastTallies } from '../../core/fastpath/tallies.ts';
import type { WayFacts } from '../../core/fastpath/underlay.ts';
import { type FastLook, lookFast } from './look.ts';
import { MapWriter } from './map-writer.ts';
import { Programs } from './programs.ts';
import { readTallies } from './tallies.ts';
import { type TrialResult, tryFastPath, WELL } from './trial.ts';
import { readWays } from './ways.ts';
import { writeFast } from './write.ts';

/** Where the plugin has the compiled programs. */
const OBJECT = '/usr/lib/castnet/fastpath.o';

/**
 * The kernel, as the fast path needs it.
 * @param directory the agent's own below the host's /run, where a mount reaches the host
 * @param object the compiled programs
 */
export function fastKernel(directory: string, object = OBJECT) {
  const programs = new Programs(object, `${directory}/bpf`);
  const writer = new MapWriter();
  return {
    /** Why the kernel, or this plugin, has no fast path. It is tried once for each build and boot. */
    async try(): Promise<TrialResult> {
      const build = await programs.build().catch(() => '');
      if (build === '')
        return { ...WELL, problem: 'this plugin was built without it, for want of clang' };
      const note = `${directory}/fast-path-${build}`;
      const before = await readFile(note, 'utf8').catch(() => undefined);
      if (before !== undefined) return { ...WELL, ...(JSON.parse(before) as Partial<TrialResult>) };
      const found = await tryFastPath(object);
      if (found.problem === '') await writeFile(note, JSON.stringify(found));
      return found;
    },
    load: (): Promise<void> => programs.load(),
    look: (): Promise<FastLook> => lookFast(programs.directory),
    write: (steps: readonly FastStep[]): Promise<void> =>
      writeFast(
        { directory: programs.directory, writer, onHook: (dev) => programs.noteHook(dev) },
        steps,
      ),
    /** @param devices of castnet's namespace, by name: what is of others is forgotten */
    tallies: (devices: ReadonlyMap<string, number>): Promise<FastTallies> =>
      readTallies(programs.directory, devices),
    async remove(): Promise<void> {
      await writer.retire();
      await programs.unload({ hooks: false });
    },
    readWays: (hosts: readonly string[]): Promise<WayFacts> => readWays(hosts),
  };
}
