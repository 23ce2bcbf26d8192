/** Brings a lab up, or takes down again what it has made of it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../src/cli/output.ts';
import { installPlugin } from '../src/cli/plugin/install.ts';
import { builtAs } from '../src/cli/plugin/source.ts';
import { makeCgroups } from './cgroups.ts';
import { labDown } from './down.ts';
import { engineLog } from './engine.ts';
import { openEngine } from './engines/engines.ts';
import { OWN, planEngines } from './engines/names.ts';
import type { LabHost } from './host.ts';
import { givePlugin, keepPlugin } from './kept-plugin.ts';
import { bootHost, prepareHost } from './make-host.ts';
import { HOST_SCRIPT, SWITCH_SCRIPT, startPauseProcess } from './pause-process.ts';
import {
  cgroupName,
  checkLabName,
  labBase,
  labDirectory,
  planHosts,
  type Underlay,
} from './plan.ts';
import { settle } from './run.ts';
import { type HostState, type LabState, writeState } from './state.ts';
import { formSwarm, type JoinWay } from './swarm.ts';
import { makeBridge } from './underlay.ts';

export type LabUpOptions = {
  /** 1 to 20 of a-z, 0-9 and hyphen; default "lab". */
  name?: string;
  /** Default 3. */
  hosts?: number;
  /** The first so many hosts are managers, the others workers; default 3. */
  managers?: number;
  /** The network between the hosts; default "ipv4", one subnet. */
  underlay?: Underlay;
  /** MTU of the underlay in bytes; default the kernel's, 1500. */
  mtu?: number;
  /**
   * The Docker Engines: NAME for every host, HOST=NAME for one, commas between; see planEngines.
   * Default: what CASTNET_LAB_ENGINE says, else the machine's own.
   */
  engine?: string | undefined;
  /** What the Engines find in their environment, for instance DOCKER_MIN_API_VERSION. */
  engineEnv?: Readonly<Record<string, string>>;
  /** What the hosts tell the Swarm of their addresses; see JoinWay. */
  join?: JoinWay;
  /** `--data-path-port` of the Swarm. */
  dataPathPort?: number;
  /** Whether castnet's plugin is installed on every host; default true. */
  plugin?: boolean;
  /** `CASTNET_FASTPATH` of every host; default what CASTNET_LAB_FASTPATH says, else the plugin's own. */
  fastPath?: string | undefined;
  /** Whether the hosts are joined in a Swarm; default true. */
  swarm?: boolean;
  /** Called with a sentence when a step is done. */
  onProgress?: (step: string) => void;
  /** Aborting it stops the work and takes down what was made. */
  signal?: AbortSignal;
};

type Site = {
  dir: string;
  state: LabState;
  options: LabUpOptions;
  /** Of the plugin that the hosts get; undefined for none. */
  build: string | undefined;
};

/**
 * Makes the hosts, starts their Engines, installs the plugin, forms the Swarm.
 * Errors: UserError when it cannot start; any other failure after taking the
 * half-made lab down.
 */
export async function bringUp(options: LabUpOptions): Promise<void> {
  const name = checkLabName(options.name ?? 'lab');
  const dir = labDirectory(labBase(process.env), name);
  const counts = { hosts: options.hosts ?? 3, managers: options.managers ?? 3 };
  const underlay = options.underlay ?? 'ipv4';
  const plans = planHosts(dir, { ...counts, underlay });
  const names = plans.map((plan) => plan.name);
  const engines = planEngines(options.engine ?? process.env.CASTNET_LAB_ENGINE, names);
  checkMtu(options.mtu);
  checkMachine();
  // Whether there is a plugin to install is better known before the hosts are made.
  const plugin = (options.plugin ?? true) ? await builtAs() : undefined;
  for (const engine of new Set(engines))
    await openEngine(engine, { onProgress: options.onProgress });
  await claim(name, dir);
  const hosts = plans.map((plan, index): HostState => {
    const engine = engines[index] ?? OWN;
    return { ...plan, pid: null, engine, engineEnv: { ...options.engineEnv } };
  });
  const state: LabState = { version: 1, name, phase: 'starting', switchPid: null, hosts };
  try {
    await build({ dir, state, options, build: plugin?.build });
  } catch (error) {
    options.onProgress?.('taking down what was made');
    await labDown(name);
    options.signal?.throwIfAborted();
    throw error;
  }
}

async function build(site: Site): Promise<void> {
  const { dir, state, options } = site;
  const say = options.onProgress ?? (() => {});
  await writeState(dir, state);
  await writeFile(join(dir, 'host.sh'), HOST_SCRIPT);
  await writeFile(join(dir, 'switch.sh'), SWITCH_SCRIPT);
  const switchPid = await makeSwitch(site);
  const hosts = await settle(state.hosts.map((host) => makeHost(site, host, switchPid)));
  await writeState(dir, state);
  say(`${hosts.length} hosts and the network between them are made`);
  await settle(
    hosts.map(async (host) => {
      options.signal?.throwIfAborted();
      await host.startEngine();
      await host.waitEngine({ signal: options.signal });
      say(`${host.name}: the Docker Engine answers at ${host.address}`);
    }),
  );
  // Before the Swarm: a node tells its managers of a plugin it already has at once when it joins,
  // of a new one only after some 20 s, and until then gets no task that needs it.
  if (site.build !== undefined) await installPlugins(hosts, site);
  const { underlay = 'ipv4', join: way, dataPathPort, signal } = options;
  if (options.swarm ?? true) {
    await formSwarm(hosts, { underlay, join: way, dataPathPort, signal });
    say(`the Swarm is formed: ${hosts.map((host) => `${host.name} ${host.role}`).join(', ')}`);
  }
  state.phase = 'up';
  await writeState(dir, state);
}

async function makeSwitch({ dir, state, options }: Site): Promise<number> {
  options.signal?.throwIfAborted();
  const pid = await startPauseProcess({
    labDir: dir,
    script: join(dir, 'switch.sh'),
    args: [],
    hostname: `${state.name}-switch`,
    cgroups: await makeCgroups(cgroupName(dir), 'switch'),
  });
  state.switchPid = pid;
  await makeBridge(pid, underlayOf(options));
  return pid;
}

async function makeHost(site: Site, host: HostState, switchPid: number): Promise<LabHost> {
  const { dir, state, options, build } = site;
  options.signal?.throwIfAborted();
  await prepareHost(dir, host);
  if (build !== undefined && fastPathOf(options) === undefined)
    await givePlugin(host.dir, { engine: host.engine, build });
  return bootHost(host, { dir, state, switchPid, underlay: underlayOf(options) });
}

/** A plugin with another setting than its default is kept for no other lab. */
const fastPathOf = ({ fastPath }: LabUpOptions): string | undefined =>
  fastPath ?? process.env.CASTNET_LAB_FASTPATH;

const underlayOf = ({ mtu, underlay = 'ipv4' }: LabUpOptions) => ({ mtu, kind: underlay });

async function installPlugins(hosts: LabHost[], { dir, options, build }: Site): Promise<void> {
  await settle(
    hosts.map(async (host) => {
      options.signal?.throwIfAborted();
      await installOn(host, join(dir, host.name), fastPathOf(options));
      options.onProgress?.(`${host.name}: the plugin castnet:latest is enabled`);
    }),
  );
  if (build === undefined || fastPathOf(options) !== undefined) return;
  for (const { name, engine } of hosts) await keepPlugin(join(dir, name), { engine, build });
}

async function installOn(host: LabHost, dir: string, fastPath?: string): Promise<void> {
  try {
    const settings = fastPath === undefined ? {} : { CASTNET_FASTPATH: fastPath };
    await installPlugin({ dockerHost: host.dockerHost, name: 'castnet:latest', settings });
  } catch (error) {
    // The log goes when the lab is taken down, so what the agent said is kept here.
    const log = (await engineLog(dir, { lines: 16, having: ' plugin=' })).replace(
      / plugin=\w+$/gm,
      '',
    );
    throw new UserError(`${host.name}: ${(error as Error).message}`, {
      hint: `What the plugin said last:\n${log}`,
      cause: error,
    });
  }
}

/** Takes the name: making its directory succeeds for one `up` only. */
async function claim(name: string, dir: string): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  try {
    await mkdir(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The base directory went with the last lab just now.
    if (code === 'ENOENT') return claim(name, dir);
    if (code !== 'EEXIST') throw error;
    throw new UserError(`a lab called "${name}" is up, being brought up, or left half made.`, {
      hint: `See "castnet lab ls". To remove it: castnet lab down --name ${name}`,
    });
  }
}

function checkMtu(mtu: number | undefined): void {
  if (mtu === undefined || (Number.isInteger(mtu) && mtu >= 1280 && mtu <= 65_535)) return;
  throw new UserError(`The underlay's MTU cannot be ${mtu}.`, {
    hint: 'Give a whole number of bytes from 1280 to 65535.',
    exitCode: 2,
  });
}

function checkMachine(): void {
  if (process.platform !== 'linux') {
    throw new UserError('a lab needs Linux: its hosts are made of the kernel’s namespaces.');
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(
      'a lab needs root: it makes network namespaces and starts Docker Engines in them.',
      { hint: 'Run the same command with sudo.' },
    );
  }
}
