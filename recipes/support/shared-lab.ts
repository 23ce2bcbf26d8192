/** One lab for all recipes of a run: brought up before the first, taken down after the last. */
import { dirname } from 'node:path';
import type { TestProject } from 'vitest/node';
import { leftovers, watchLinks } from '../../lab/kit/leftovers.ts';
import { removeOrphans } from '../../lab/kit/orphans.ts';
import { labDown, labUp, openLab } from '../../lab/lab.ts';

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
  const dir = dirname(dirname(lab.hosts[0]?.socket ?? ''));
  project.provide('lab', lab.name);
  return async () => {
    await labDown(lab.name);
    const left = await leftovers(dir);
    if (left.length > 0) throw new Error(`left of the lab: ${left.join('; ')}`);
    const links = await newLinks();
    if (links.length > 0) throw new Error(`links on the machine: ${links.join()}`);
  };
}
