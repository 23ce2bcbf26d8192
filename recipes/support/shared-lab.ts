/** One lab for all recipes of a run: brought up before the first, taken down after the last. */
import type { TestProject } from 'vitest/node';
import { takeDown, watchLinks } from '../../lab/kit/leftovers.ts';
import { removeOrphans } from '../../lab/kit/orphans.ts';
import { labUp, openLab } from '../../lab/lab.ts';

declare module 'vitest' {
  interface ProvidedContext {
    lab: string;
  }
}

/** As in the other lab tests: the name of a lab that is up already, and stays. */
const GIVEN = process.env.CASTNET_TEST_LAB;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  if (GIVEN) return project.provide('lab', (await openLab(GIVEN)).name);
  await removeOrphans();
  const newLinks = await watchLinks();
  const lab = await labUp({ name: `test-recipes-${process.pid.toString(36)}` });
  project.provide('lab', lab.name);
  return async () => {
    await takeDown(lab);
    const links = await newLinks();
    if (links.length > 0) throw new Error(`links on the machine: ${links.join()}`);
  };
}
