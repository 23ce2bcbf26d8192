/**
 * A lab of three hosts that test files use one after the other, for those that do the hosts no harm.
 * Each leaves it as it was, and the next one finds it so. There is one for each of vitest's workers;
 * lab/tests/support/run.ts takes them down when the run is over.
 */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { loadUsrImage } from '../../image.ts';
import { plan } from '../../kit/agent.ts';
import { footprint } from '../../kit/kernel.ts';
import { labDir, takeDown } from '../../kit/leftovers.ts';
import { removeOrphans } from '../../kit/orphans.ts';
import { type Lab, type LabHost, labUp, openLab } from '../../lab.ts';
import { mustRun, until } from '../../run.ts';
import { GIVEN, keepLogs, useLab } from './lab.ts';

/**
 * Gives the tests of a file a lab that other files have used or will use, checking after them that it
 * is as it was. @returns a function that gives the lab to a running test
 */
export function useSharedLab(tag: string): () => Lab {
  if (GIVEN) return useLab(tag);
  let lab: Lab | undefined;
  let before: string[] = [];
  beforeAll(async () => {
    await removeOrphans();
    lab = await borrow(`test-shared${process.env.VITEST_POOL_ID}-${inject('run')}`);
    before = await traces(lab);
  });
  afterAll(async () => {
    if (lab === undefined) return;
    await keepLogs(lab, tag);
    const after = await tracesLike(lab, before);
    if (after.join() === before.join()) await rm(lentMark(lab));
    else await takeDown(lab);
    expect(after, 'the lab after the file').toEqual(before);
  });
  return () => {
    if (lab === undefined) throw new Error('the lab is not up');
    return lab;
  };
}

/** There while a file uses the lab; it stays when the file did not come to its end. */
const lentMark = (lab: Lab): string => join(labDir(lab), 'lent');

async function borrow(name: string): Promise<Lab> {
  let lab = await openLab(name).catch(() => undefined);
  if (lab !== undefined && existsSync(lentMark(lab))) {
    await takeDown(lab);
    lab = undefined;
  }
  if (lab === undefined) {
    lab = await labUp({ name });
    await Promise.all(lab.hosts.map((host) => loadUsrImage(host)));
  }
  await writeFile(lentMark(lab), '');
  return lab;
}

/** What the lab would show of a file that has gone: waits, a little, until it is as before. */
async function tracesLike(lab: Lab, before: readonly string[]): Promise<string[]> {
  let after: string[] = [];
  const look = async () => {
    after = await traces(lab);
    return after.join() === before.join() || undefined;
  };
  const waiting = { what: 'the lab as it was', timeoutMs: 20_000, everyMs: 250 };
  await until(look, waiting).catch(() => {});
  return after;
}

/** Everything that a file could leave: in the Swarm, at the Engines, in the kernels, at the agents. */
async function traces(lab: Lab): Promise<string[]> {
  const [first] = lab.hosts as [LabHost];
  const [nodes, services, hosts] = await Promise.all([
    first.docker(['node', 'ls', '--format', 'node {{.Hostname}} {{.Status}} {{.Availability}}']),
    first.docker(['service', 'ls', '--format', 'service {{.Name}}']),
    Promise.all(lab.hosts.map(tracesOn)),
  ]);
  return [...lines(nodes).sort(), ...lines(services).sort(), ...hosts.flat()];
}

async function tracesOn(host: LabHost): Promise<string[]> {
  const [containers, networks, volumes, settings, links, tables, held, steps] = await Promise.all([
    host.docker(['ps', '-a', '--format', 'container {{.Names}}']),
    host.docker(['network', 'ls', '--format', 'network {{.Name}}']),
    host.docker(['volume', 'ls', '--format', 'volume {{.Name}}']),
    host.docker(['plugin', 'inspect', '-f', 'plugin {{.Settings.Env}}', 'castnet:latest']),
    mustRun(host.enter(['ip', '-br', 'link'])),
    mustRun(host.enter(['nft', 'list', 'tables'])),
    footprint(host),
    plan(host),
  ]);
  const devices = links.replaceAll(/^([^@ \n]+).*$/gm, 'link $1');
  const listed = [containers, networks, volumes, settings, devices, tables];
  const found = [...listed.flatMap((it) => lines(it).sort()), ...held, ...steps];
  return found
    .filter((it) => !OF_DOCKER.test(it) && !PAIR.test(it))
    .map((it) => `${host.name}: ${it}`);
}

/** Docker makes these some time after a node has joined, or names them anew. */
const OF_DOCKER = /^(network docker_gwbridge|link docker_gwbridge|link (veth|vx-).*)$/;

/** Of the fast path, where the lab has one (CASTNET_LAB_FASTPATH): made with the first network, and stays. */
const PAIR = /^(link cfh|add: fast path: program to_\w+ at cf[hp],.*)$/;

const lines = (text: string): string[] => text.split('\n').filter((it) => it !== '');
