/** What a lab could leave on the machine. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Lab } from '../lab.ts';
import { cgroupName } from '../plan.ts';
import { mustRun } from '../run.ts';

/** Takes a lab down. Errors: when anything is left of it. */
export async function takeDown(lab: Lab): Promise<void> {
  await lab.down();
  const left = await leftovers(labDir(lab));
  if (left.length > 0) throw new Error(`left of the lab: ${left.join('; ')}`);
}

/** The directory of a lab's files. */
export const labDir = ({ hosts }: Lab): string => dirname(dirname(hosts[0]?.socket ?? ''));

/**
 * Everything on the machine that belongs to the lab with this directory, in words: processes by
 * their mark or their control group, mounts, control groups, files. Empty when it is gone.
 */
export async function leftovers(labDir: string): Promise<string[]> {
  const group = `castnet-lab/${cgroupName(labDir)}`;
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const read = (file: string): Promise<string> =>
      readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const marked = (await read('environ')).split('\0').includes(`CASTNET_LAB=${labDir}`);
    const grouped = (await read('cgroup')).includes(group);
    if (marked || grouped) found.push(`process ${pid}: ${(await read('cmdline')).split('\0')}`);
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  for (const line of mounts.split('\n')) {
    if (line.includes(`${labDir}/`) || line.includes(`${labDir} `)) found.push(`mount: ${line}`);
  }
  if (existsSync(labDir)) found.push(`directory: ${labDir}`);
  for (const dir of await findDirectories('/sys/fs/cgroup', cgroupName(labDir))) {
    found.push(`control group: ${dir}`);
  }
  return found;
}

/**
 * Notes the links of the machine's own network, where a lab has none at any time: so other labs may
 * begin and end meanwhile.
 * @returns what tells the links that are new by then and look like castnet's, Docker's or the underlay's
 */
export async function watchLinks(): Promise<() => Promise<string[]>> {
  const before = new Set((await machineLinks()).map((it) => it.ifindex));
  return async () => {
    const now = (await machineLinks()).filter((it) => !before.has(it.ifindex));
    return now.map((it) => it.ifname).filter((it) => OF_A_LAB.test(it));
  };
}

const OF_A_LAB = /^(c[bex]\d+|c[vt][0-9a-f]{13}|h\d+|underlay|docker.*|veth.*)$/;

async function machineLinks(): Promise<{ ifindex: number; ifname: string }[]> {
  return JSON.parse(await mustRun(['ip', '-j', 'link']));
}

async function findDirectories(below: string, name: string): Promise<string[]> {
  const entries = await readdir(below, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = `${below}/${entry.name}`;
    if (entry.name === name) found.push(path);
    else found.push(...(await findDirectories(path, name)));
  }
  return found;
}
