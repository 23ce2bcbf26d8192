/** Before and after a run of lab tests, whatever files it has: no lab that files share is left of it. */
import type { TestProject } from 'vitest/node';
import { takeDown, watchLinks } from '../../kit/leftovers.ts';
import { listLabs, openLab } from '../../lab.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Stands in the names of the labs that files share: this process's id, as in other tests' labs. */
    run: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const run = process.pid.toString(36);
  project.provide('run', run);
  const newLinks = await watchLinks();
  return async () => {
    const shared = (await listLabs()).filter(({ name }) => isShared(name, run));
    for (const { name } of shared) await takeDown(await openLab(name));
    const links = await newLinks();
    if (links.length > 0) throw new Error(`links on the machine: ${links.join()}`);
  };
}

const isShared = (name: string, run: string): boolean =>
  name.startsWith('test-shared') && name.endsWith(`-${run}`);
