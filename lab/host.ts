/** One host of a running lab: what tests, the demo and the commands do with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineRequest, waitForEngine } from './engine.ts';
import { engineBin } from './engines/engines.ts';
import type { EngineName } from './engines/names.ts';
import type { LabRole } from './plan.ts';
import { labEnv, mustRun, type RunOptions, type RunResult, run, until } from './run.ts';
import type { HostState } from './state.ts';
import { setCable, UNDERLAY_INTERFACE } from './underlay.ts';

/** SIGSTOP and SIGCONT: the Engine stands still meanwhile, and its containers go on. */
export type EngineSignal = 'SIGKILL' | 'SIGTERM' | 'SIGHUP' | 'SIGSTOP' | 'SIGCONT';

/** Milliseconds in which an Engine must answer after its start. */
const ENGINE_START_MS = 60_000;

export class LabHost {
  readonly name: string;
  /** IPv4 address on the underlay. */
  readonly address: string;
  /** Path of the Engine's socket on this machine. */
  readonly socket: string;
  readonly role: LabRole;
  /** Which Docker Engine it runs. */
  readonly engine: EngineName;
  /** The machine's pid of the host's init. */
  readonly pid: number;
  /** The host's interface on the underlay. */
  readonly underlayInterface: string = UNDERLAY_INTERFACE;
  readonly #dir: string;
  readonly #switchPid: number;

  constructor(state: HostState & { pid: number }, switchPid: number) {
    this.name = state.name;
    this.address = state.address;
    this.socket = state.socket;
    this.role = state.role;
    this.engine = state.engine;
    this.pid = state.pid;
    this.#dir = state.dir;
    this.#switchPid = switchPid;
  }

  /** Value for DOCKER_HOST. */
  get dockerHost(): string {
    return `unix://${this.socket}`;
  }

  /** The command line that runs `argv` inside the host's namespaces. */
  enter(argv: string[]): string[] {
    const namespaces = ['--net', '--mount', '--pid', '--uts', '--ipc'];
    return ['nsenter', '-t', String(this.pid), ...namespaces, '--', ...argv];
  }

  /** Runs a program in the host to its end; killed after `timeoutMs`, with status 124 then. */
  exec(argv: string[], options: RunOptions = {}): Promise<RunResult> {
    return run(this.enter(tied('KILL', argv)), { env: this.env(), ...options });
  }

  /**
   * Starts a program in the host and leaves it running. `kill()` on the
   * returned process, with any signal, makes the program get SIGTERM.
   */
  spawn(argv: string[]): ChildProcess {
    const [file = '', ...args] = this.enter(tied('TERM', argv));
    return spawn(file, args, { env: this.env(), stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Runs the docker CLI against this host and returns its output. Errors: with its stderr. */
  docker(args: string[], options: RunOptions = {}): Promise<string> {
    return mustRun(['docker', ...args], { env: this.dockerEnv(), ...options });
  }

  /**
   * The environment of a program in the host: its own Engine is at Docker's default place, and the
   * docker command is the one that belongs to that Engine.
   */
  env(): NodeJS.ProcessEnv {
    const bin = engineBin(this.engine);
    const env = clientEnv();
    return bin === undefined ? env : { ...env, PATH: `${bin}:${env.PATH}` };
  }

  /** Environment in which any Docker client talks to this host, from outside of it. */
  dockerEnv(): NodeJS.ProcessEnv {
    return { ...this.env(), DOCKER_HOST: this.dockerHost };
  }

  /** A request to the Engine's API. Errors: EngineError, whose `status` is the HTTP one. */
  api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return engineRequest<T>({ socket: this.socket, method, path, body });
  }

  /** Sends a signal to the Engine; after SIGKILL and SIGTERM waits until it has ended. */
  async killEngine(signal: EngineSignal = 'SIGKILL'): Promise<void> {
    const pid = await this.#enginePid();
    if (pid === undefined) return;
    await mustRun(this.enter(['kill', '-s', signal.slice(3), String(pid)]));
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
    await until(async () => !(await this.isEngineAlive()) || undefined, {
      what: `${this.name}: the end of the Docker Engine`,
      timeoutMs: 30_000,
      everyMs: 10,
    });
  }

  /** Starts the Engine if it is not running; `waitEngine` tells when it answers. */
  async startEngine(): Promise<void> {
    if (await this.isEngineAlive()) return;
    // One that is still dying with the Engine before, as on a busy disk, a new Engine takes for its own.
    await until(async () => !(await this.#isContainerdAlive()) || undefined, {
      what: `${this.name}: the end of the Docker Engine's containerd`,
      timeoutMs: 60_000,
      everyMs: 10,
    });
    await mustRun(this.enter(['sh', '/run/lab/engine.sh']), { timeoutMs: 10_000 });
  }

  /** Waits until the Engine answers; the error holds the end of its log. */
  async waitEngine(
    options: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    await waitForEngine({
      dir: this.#dir,
      socket: this.socket,
      isAlive: () => this.isEngineAlive(),
      timeoutMs: options.timeoutMs ?? ENGINE_START_MS,
      signal: options.signal,
    });
  }

  /** Whether the Engine's process runs; it may not answer yet. */
  async isEngineAlive(): Promise<boolean> {
    return (await this.#enginePid()) !== undefined;
  }

  /** Pulls the cable: the host reaches no other and none reaches it. */
  cut(): Promise<void> {
    return setCable(this.#switchPid, this.name, 'down');
  }

  /** Plugs the cable in again. */
  mend(): Promise<void> {
    return setCable(this.#switchPid, this.name, 'up');
  }

  /** Whether the containerd that an Engine started still runs: it is killed with it (PR_SET_PDEATHSIG). */
  async #isContainerdAlive(): Promise<boolean> {
    const root = `/proc/${this.pid}/root`;
    const pid = await readFile(`${root}/run/docker/containerd/containerd.pid`, 'utf8').catch(
      () => '',
    );
    if (pid.trim() === '') return false;
    const stat = await readFile(`${root}/proc/${pid.trim()}/stat`, 'utf8').catch(() => '');
    return /\(containerd\) [^ZX]/.test(stat);
  }

  /** The Engine's pid inside the host, if it runs. */
  async #enginePid(): Promise<number | undefined> {
    const record = await readFile(join(this.#dir, 'engine.pid'), 'utf8').catch(() => '');
    const [pid, started] = record.trim().split(' ');
    // /proc of the host, seen from here: no process has to be started for it.
    const path = `/proc/${this.pid}/root/proc/${pid}/stat`;
    const stat = await readFile(path, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ended = fields[0] === 'Z' || fields[0] === 'X';
    // The start time is field 22 of the line; the name that is cut off ends field 2.
    return started !== undefined && fields[19] === started && !ended ? Number(pid) : undefined;
  }
}

/** Without what would lead a Docker client to another Engine. */
function clientEnv(): NodeJS.ProcessEnv {
  const env = labEnv();
  for (const name of Object.keys(env)) if (name.startsWith('DOCKER_')) delete env[name];
  return env;
}

/** nsenter forwards no signal: let the kernel send one to the program when nsenter dies. */
function tied(signal: 'KILL' | 'TERM', argv: string[]): string[] {
  return ['setpriv', '--pdeathsig', signal, '--', ...argv];
}
