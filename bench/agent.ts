/** The agent of a host, found from the machine. */
import { readdir, readFile } from 'node:fs/promises';
import type { LabHost } from '../lab/lab.ts';

export interface AgentProcess {
  /** Its pid in the host's own /proc. */
  readonly pid: number;
  /** That /proc, as seen from the machine. */
  readonly proc: string;
}

/** The agent's process. Errors: when the host runs none. */
export async function agentOf(host: LabHost): Promise<AgentProcess> {
  const proc = `/proc/${host.pid}/root/proc`;
  for (const name of await readdir(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`${proc}/${name}/cmdline`, 'utf8').catch(() => '');
    const words = line.split('\0');
    if (words[0]?.endsWith('node') && words.includes('/castnet/agent.mjs')) {
      return { pid: Number(name), proc };
    }
  }
  throw new Error(`${host.name}: castnet's agent does not run`);
}
