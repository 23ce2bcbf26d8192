/**
 * The control groups of a lab. Each host gets one of its own in every
 * hierarchy, and its init joins it before anything else runs: the plugin's
 * process, which Docker puts below the Engine's own group, ends up under a
 * directory that `down` can find and remove, as the containers do.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './run.ts';

const PARENT = 'castnet-lab';

export type Hierarchy = {
  mount: string;
  /** Version 2, the unified hierarchy. */
  unified: boolean;
  /** Mount options of version 1: the controllers' names are among them. */
  controllers: string[];
};

/** The hierarchies with controllers that this text, /proc/self/mounts, lists. */
export function parseHierarchies(mounts: string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mounts.split('\n')) {
    const [, mount = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') found.push({ mount, unified: true, controllers: [] });
    if (type === 'cgroup') found.push({ mount, unified: false, controllers: options.split(',') });
  }
  // Beside version 1, version 2 has no controllers, and hosts do not see it.
  const old = found.filter((hierarchy) => !hierarchy.unified);
  return old.length > 0 ? old : found;
}

/** The path of a process in a hierarchy, from its /proc/PID/cgroup. */
export function ownPath(cgroupFile: string, hierarchy: Hierarchy): string {
  for (const line of cgroupFile.split('\n')) {
    const [id, names = '', ...path] = line.split(':');
    const matches = hierarchy.unified
      ? id === '0'
      : names !== '' && names.split(',').every((name) => hierarchy.controllers.includes(name));
    if (matches) return path.join(':');
  }
  return '/';
}

/** The group of a host's containers, in every hierarchy: Docker takes one absolute path. */
export function containerGroup(lab: string, host: string): string {
  return `/${PARENT}/${lab}/${host}`;
}

/**
 * Makes the groups of one host and returns, for each hierarchy, the directory
 * that the host's processes join.
 */
export async function makeCgroups(lab: string, host: string): Promise<string[]> {
  const cgroupFile = await readFile('/proc/self/cgroup', 'utf8');
  const joins: string[] = [];
  for (const hierarchy of await readHierarchies()) {
    const base = baseOf(hierarchy, cgroupFile);
    // Version 2 gives controllers only to groups below one without processes,
    // so the Engine is in a leaf there; runc puts its containers beside it.
    const leaf = hierarchy.unified ? ['engine'] : [];
    const path = [PARENT, lab, host, ...leaf];
    const group = join(base, ...path);
    // The end of another lab may take the common parent away between two steps.
    await until(() => makePath(base, path), { what: `making ${group}`, timeoutMs: 5_000 });
    joins.push(group);
  }
  return joins;
}

/** Removes the lab's groups from every hierarchy. Call it when its processes have ended. */
export async function removeCgroups(lab: string): Promise<void> {
  for (const { mount } of await readHierarchies()) {
    for (const parent of await findParents(mount)) {
      const dir = join(parent, lab);
      if (!existsSync(dir)) continue;
      await until(() => removeTree(dir), { what: `removing ${dir}`, timeoutMs: 10_000 });
      // Another lab may still have its groups there.
      await rmdir(parent).catch(() => {});
    }
  }
}

/**
 * Under version 1 the groups lie below those of the caller, so that whatever
 * confines the caller confines the Engines too. Under version 2 groups below
 * the caller's would have no controllers, hence the root, where Docker has
 * its own.
 */
function baseOf(hierarchy: Hierarchy, cgroupFile: string): string {
  if (hierarchy.unified) return hierarchy.mount;
  const own = join(hierarchy.mount, ownPath(cgroupFile, hierarchy));
  return existsSync(own) ? own : hierarchy.mount;
}

async function readHierarchies(): Promise<Hierarchy[]> {
  return parseHierarchies(await readFile('/proc/self/mounts', 'utf8'));
}

async function makePath(base: string, path: string[]): Promise<true> {
  let dir = base;
  for (const part of path) {
    await makeGroup(join(dir, part), dir);
    dir = join(dir, part);
  }
  return true;
}

async function makeGroup(dir: string, parent: string): Promise<void> {
  // Two hosts, or two labs, may make a common parent at the same time.
  await mkdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  // A new cpuset is empty, and no process can join it until it has a CPU.
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (!existsSync(join(dir, file)) || existsSync(join(dir, 'cgroup.controllers'))) continue;
    const value = (await readFile(join(dir, file), 'utf8')).trim();
    if (value === '') await writeFile(join(dir, file), await readFile(join(parent, file)));
  }
}

async function findParents(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(dir, entry.name);
    if (entry.name === PARENT) found.push(path);
    else found.push(...(await findParents(path)));
  }
  return found;
}

async function removeTree(dir: string): Promise<true> {
  // Another process may take down the same lab, when a killed one left it.
  if (!existsSync(dir)) return true;
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(dir, entry.name));
  }
  await rmdir(dir);
  return true;
}
