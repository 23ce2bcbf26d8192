/** One lab for one test file, of which nothing may be left at the end. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { loadUsrImage } from '../../image.ts';
import { hostReport } from '../../kit/agent.ts';
import { backlogDrops } from '../../kit/backlog.ts';
import { ROOT } from '../../kit/containers.ts';
import { takeDown, watchLinks } from '../../kit/leftovers.ts';
import { removeOrphans } from '../../kit/orphans.ts';
import { type Lab, type LabUpOptions, labUp, openLab } from '../../lab.ts';

/**
 * Set to the name of a lab that is up, it is used as it is and stays: for writing tests. Each test
 * removes what it deploys.
 */
export const GIVEN = process.env.CASTNET_TEST_LAB;

/** A name of its own for each run, so that tests run beside any other lab. */
export function labName(tag: string): string {
  return `test-${tag}-${process.pid.toString(36)}`;
}

/**
 * Brings a lab up before the tests of a file and takes it down after them, checking that nothing
 * of it is left. @returns a function that gives the lab to a running test
 */
export function useLab(tag: string, options: Omit<LabUpOptions, 'name'> = {}): () => Lab {
  let lab: Lab | undefined;
  let newLinks = async (): Promise<string[]> => [];
  beforeAll(async () => {
    // A file whose own hooks failed did not come to taking its lab down, and this one needs the cores.
    await removeOrphans();
    newLinks = await watchLinks();
    lab = GIVEN ? await openLab(GIVEN) : await labUp({ name: labName(tag), ...options });
    await Promise.all(lab.hosts.map((host) => loadUsrImage(host)));
  });
  beforeEach(async ({ onTestFailed }) => {
    const before = await backlogDrops();
    onTestFailed(async () => {
      const lost = (await backlogDrops()) - before;
      if (lost > 0)
        console.error(`While this test ran, this machine’s own queues dropped ${lost} packets.`);
    });
  });
  afterAll(async () => {
    if (lab === undefined || GIVEN) return;
    await keepLogs(lab, tag);
    await takeDown(lab);
    expect(await newLinks(), 'links on the machine').toEqual([]);
  });
  return () => {
    if (lab === undefined) throw new Error('the lab is not up');
    return lab;
  };
}

/** What a failure is understood by later: the Engines' logs and the agents' last reports. */
export async function keepLogs(lab: Lab, tag: string): Promise<void> {
  for (const host of lab.hosts) {
    const dir = join(ROOT, 'test-output', 'lab', tag, host.name);
    await mkdir(dir, { recursive: true });
    const log = await readFile(join(dirname(host.socket), 'dockerd.log')).catch(() => '');
    await writeFile(join(dir, 'dockerd.log'), log);
    const report = await hostReport(host).catch((error: Error) => ({ error: error.message }));
    await writeFile(join(dir, 'agent.json'), `${JSON.stringify(report, null, 2)}\n`);
  }
}
