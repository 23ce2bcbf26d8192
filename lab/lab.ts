/**
 * Labs: several real Docker hosts on one machine, each with namespaces, an
 * Engine and an address of its own, joined in a Swarm. Used by the commands,
 * the tests, the demo and the benchmark.
 */
import { readdir } from 'node:fs/promises';
import { UserError } from '../src/cli/output.ts';
import { installPlugin } from '../src/cli/plugin/install.ts';
import { labDown, labExists } from './down.ts';
import type { EngineName } from './engines/names.ts';
import { LabHost } from './host.ts';
import { isPauseProcess } from './pause-process.ts';
import { checkLabName, type LabRole, labBase, labDirectory } from './plan.ts';
import { readState } from './state.ts';
import { bringUp, type LabUpOptions } from './up.ts';

export { EngineError } from './engine.ts';
export { LabHost } from './host.ts';
export type { RunOptions, RunResult } from './run.ts';
export { type LabUpOptions, labDown };

/** A running lab. */
export class Lab {
  readonly name: string;
  readonly hosts: LabHost[];
  /** The machine's pid of the init in whose network namespace the underlay's bridge lies. */
  readonly switchPid: number;

  constructor(name: string, hosts: LabHost[], switchPid: number) {
    this.name = name;
    this.hosts = hosts;
    this.switchPid = switchPid;
  }

  /** The host called h1, h2, …. Errors: UserError that lists the names there are. */
  host(name: string): LabHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found !== undefined) return found;
    const names = this.hosts.map((host) => host.name).join(', ');
    throw new UserError(`lab "${this.name}" has no host "${name}".`, {
      hint: `Its hosts: ${names}`,
    });
  }

  /** Installs castnet's plugin on every host. */
  async installPlugin(): Promise<void> {
    for (const host of this.hosts) {
      await installPlugin({ dockerHost: host.dockerHost, name: 'castnet:latest' });
    }
  }

  /** Takes the lab down; nothing of it remains. */
  down(): Promise<void> {
    return labDown(this.name);
  }
}

/** What `castnet lab ls` shows of a lab. */
export type LabSummary = {
  name: string;
  hosts: { name: string; address: string; socket: string; role: LabRole; engine: EngineName }[];
};

/** Brings a lab up; see LabUpOptions. On failure nothing of it remains. */
export async function labUp(options: LabUpOptions = {}): Promise<Lab> {
  await bringUp(options);
  return openLab(options.name ?? 'lab');
}

/** A lab that is up. Errors: UserError when there is none of this name, or only parts of one. */
export async function openLab(name: string): Promise<Lab> {
  const dir = labDirectory(labBase(process.env), checkLabName(name));
  if (!labExists(name)) {
    const option = name === 'lab' ? '' : ` --name ${name}`;
    throw new UserError(`there is no lab called "${name}".`, {
      hint: `Bring it up with: castnet lab up${option}`,
    });
  }
  if (process.getuid?.() !== 0) {
    throw new UserError('the hosts of a lab are open to root only.', {
      hint: 'Run the same command with sudo.',
    });
  }
  const state = await readState(dir);
  const hosts: LabHost[] = [];
  const switchPid = state?.switchPid ?? 0;
  for (const host of state?.hosts ?? []) {
    const { pid } = host;
    if (pid !== null && (await isPauseProcess(pid, dir)))
      hosts.push(new LabHost({ ...host, pid }, switchPid));
  }
  if (state?.phase !== 'up' || hosts.length !== state.hosts.length) {
    throw new UserError(
      `lab "${name}" is not complete: it is being brought up, or was interrupted.`,
      {
        hint: `Wait for it, or remove it with: castnet lab down --name ${name}`,
      },
    );
  }
  return new Lab(name, hosts, switchPid);
}

/** Every lab that has files here, by name; one that was interrupted early has no hosts. */
export async function listLabs(): Promise<LabSummary[]> {
  const base = labBase(process.env);
  const names = (await readdir(base).catch(() => [])).filter((name) =>
    /^[a-z0-9-]{1,20}$/.test(name),
  );
  const labs: LabSummary[] = [];
  for (const name of names.sort()) {
    const state = await readState(labDirectory(base, name));
    const hosts = (state?.hosts ?? []).map(({ name: host, address, socket, role, engine }) => ({
      name: host,
      address,
      socket,
      role,
      engine,
    }));
    labs.push({ name, hosts });
  }
  return labs;
}
