/** Makes one host: its files once, its namespaces and its cable at each boot. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerGroup, makeCgroups } from './cgroups.ts';
import { engineConfig, engineScript } from './engine.ts';
import { engineBin } from './engines/engines.ts';
import { LabHost } from './host.ts';
import { startPauseProcess } from './pause-process.ts';
import { cgroupName } from './plan.ts';
import type { HostState, LabState } from './state.ts';
import { layCable, type UnderlayOptions } from './underlay.ts';

export type HostSite = {
  /** The lab's directory. */
  dir: string;
  state: LabState;
  switchPid: number;
  underlay: UnderlayOptions;
};

/** Writes what the host's Engine is started with. */
export async function prepareHost(dir: string, host: HostState): Promise<void> {
  await mkdir(host.dir);
  const config = engineConfig(containerGroup(cgroupName(dir), host.name));
  await writeFile(join(host.dir, 'daemon.json'), `${JSON.stringify(config, null, 2)}\n`);
  await writeEngine(host);
}

/** Writes by which Engine the host runs from its next start on. */
export async function writeEngine({ dir, engine, engineEnv: env }: HostState): Promise<void> {
  await writeFile(join(dir, 'engine.sh'), engineScript({ bin: engineBin(engine), env }));
}

/** Starts the host's init and connects it, and notes its pid in the state, which is not written. */
export async function bootHost(host: HostState, site: HostSite): Promise<LabHost> {
  const { dir, state, switchPid, underlay } = site;
  const cgroups = await makeCgroups(cgroupName(dir), host.name);
  await writeFile(join(host.dir, 'cgroups'), cgroups.map((path) => `${path}\n`).join(''));
  const pid = await startPauseProcess({
    labDir: dir,
    script: join(dir, 'host.sh'),
    args: [host.dir],
    hostname: `${state.name}-${host.name}`,
    cgroups,
  });
  host.pid = pid;
  const number = Number(host.name.slice(1));
  await layCable(switchPid, { host: host.name, number, address: host.address, pid }, underlay);
  return new LabHost({ ...host, pid }, switchPid);
}
