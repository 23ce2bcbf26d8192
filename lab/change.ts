/** Changes of a lab that is up: a host loses its power, one more comes, one goes. */
import { rm } from 'node:fs/promises';
import { installPlugin } from '../src/cli/plugin/install.ts';
import { openEngine } from './engines/engines.ts';
import { type EngineName, OWN } from './engines/names.ts';
import { LabHost } from './host.ts';
import type { Lab } from './lab.ts';
import { bootHost, type HostSite, prepareHost, writeEngine } from './make-host.ts';
import { killPauseProcess } from './pause-process.ts';
import { hostAddress, labBase, labDirectory, planHost } from './plan.ts';
import { type HostState, readState, writeState } from './state.ts';
import { joinSwarm } from './swarm.ts';
import { removeCable } from './underlay.ts';

/** Only labs with the plain underlay can be changed: no other is written down in the state. */
const UNDERLAY = 'ipv4';

// The cable goes first: the kernel takes a dead namespace's devices away some time later.

async function siteOf(lab: Lab): Promise<HostSite> {
  const dir = labDirectory(labBase(process.env), lab.name);
  const state = await readState(dir);
  if (state === undefined) throw new Error(`lab "${lab.name}" has no state`);
  return { dir, state, switchPid: lab.switchPid, underlay: { kind: UNDERLAY } };
}

/**
 * Power cut and boot: every process of the host is killed at once, its namespaces and /run are
 * gone, its disk (/var/lib/docker) stays; then the Engine starts as it does at boot.
 * @returns the host that stands in its place in `lab.hosts`
 */
export async function rebootHost(lab: Lab, host: LabHost): Promise<LabHost> {
  const site = await siteOf(lab);
  await removeCable(lab.switchPid, host.name);
  await killPauseProcess(host.pid);
  const entry = site.state.hosts.find(({ name }) => name === host.name) as HostState;
  const booted = await bootHost(entry, site);
  await writeState(site.dir, site.state);
  lab.hosts.splice(lab.hosts.indexOf(host), 1, booted);
  await booted.startEngine();
  await booted.waitEngine();
  return booted;
}

/** Adds a host with the plugin, as a worker of the Swarm, with the Engine that the last one has. */
export async function addHost(lab: Lab): Promise<LabHost> {
  const site = await siteOf(lab);
  const number = lab.hosts.length + 1;
  const address = hostAddress(UNDERLAY, number);
  const plan = planHost(site.dir, { number, role: 'worker', address });
  const { engine = OWN, engineEnv = {} } = site.state.hosts.at(-1) ?? {};
  const entry: HostState = { ...plan, pid: null, engine, engineEnv };
  await prepareHost(site.dir, entry);
  site.state.hosts.push(entry);
  const host = await bootHost(entry, site);
  await writeState(site.dir, site.state);
  await host.startEngine();
  await host.waitEngine();
  await installPlugin({ dockerHost: host.dockerHost, name: 'castnet:latest' });
  await joinSwarm(host, { first: lab.hosts[0] as LabHost, underlay: UNDERLAY });
  lab.hosts.push(host);
  return host;
}

/**
 * Stops a host's Engine and starts another on the same disk, as an upgrade of Docker's packages does:
 * its containers end, and what Swarm runs or is to restart comes back with the new one.
 * @param to the Engine, or what it finds in its environment; what is not named stays
 * @returns the host that stands in its place in `lab.hosts`
 */
export async function changeEngine(
  lab: Lab,
  host: LabHost,
  to: { engine?: EngineName; env?: Readonly<Record<string, string>> },
): Promise<LabHost> {
  const site = await siteOf(lab);
  const entry = site.state.hosts.find(({ name }) => name === host.name) as HostState;
  entry.engine = to.engine ?? entry.engine;
  entry.engineEnv = { ...(to.env ?? entry.engineEnv) };
  await openEngine(entry.engine);
  await host.killEngine('SIGTERM');
  await writeEngine(entry);
  await writeState(site.dir, site.state);
  const changed = new LabHost({ ...entry, pid: host.pid }, lab.switchPid);
  lab.hosts.splice(lab.hosts.indexOf(host), 1, changed);
  await changed.startEngine();
  await changed.waitEngine();
  return changed;
}

/** Takes the last host away for good, with its disk. The Swarm is told nothing. */
export async function removeHost(lab: Lab): Promise<void> {
  const host = lab.hosts.at(-1) as LabHost;
  const site = await siteOf(lab);
  await removeCable(lab.switchPid, host.name);
  await killPauseProcess(host.pid);
  const [entry] = site.state.hosts.splice(-1);
  await writeState(site.dir, site.state);
  lab.hosts.pop();
  const { dir = '' } = entry ?? {};
  await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
