/** Which processor time a program gets when there is not enough of it. */
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import type { LabHost } from '../lab/lab.ts';

/**
 * Moves a program into the control group that the bench's own programs are in. A plugin's processes are in one of
 * their host's, and all hosts of all labs together in one that has no more weight than a single program here.
 */
export async function asOwn(pid: number): Promise<void> {
  const lines = (await readFile('/proc/self/cgroup', 'utf8')).split('\n');
  const entries = lines.map((it) => it.split(':') as [string, string?, string?]);
  // Version 1 has a hierarchy for it; in version 2 there is one for all, without a name.
  const found =
    entries.find(([, names]) => names?.split(',').includes('cpu')) ??
    entries.find(([number]) => number === '0');
  const [, names = '', path = '/'] = found ?? ['0'];
  await writeFile(`/sys/fs/cgroup/${names}${path}/cgroup.procs`, String(pid));
}

/** The machine's pids of a host's programs of that name. */
export async function programsOf(host: LabHost, name: string): Promise<number[]> {
  const network = await readlink(`/proc/${host.pid}/ns/net`);
  const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it));
  const isIt = async (pid: string): Promise<boolean> => {
    const comm = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return comm.trim() === name && (await readlink(`/proc/${pid}/ns/net`)) === network;
  };
  const found = await Promise.all(
    pids.map(async (pid) => ((await isIt(pid)) ? [Number(pid)] : [])),
  );
  return found.flat();
}
