/** Services that answer, and clients that ask them by their virtual addresses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Lab, LabHost } from '../lab.ts';
import { until } from '../run.ts';
import type { Outcome } from '../tools/vip-client.ts';
import { IMAGE, NODE, NODE_IN_CONTAINER, ROOT, STACK_VOLUMES } from './containers.ts';
import { type Answer, Driven } from './driven.ts';
import { type Container, tasksRun } from './stack.ts';

export type { Outcome };

export const SERVICE_PORT = 9000;

const SERVER = '/castnet/tools/vip-server.ts';
const CLIENT = '/castnet/tools/vip-client.ts';

/** Options of `docker service create`. */
export const SERVICE_MOUNTS = STACK_VOLUMES.flatMap((volume) => {
  const [source, target] = volume.split(':');
  return ['--mount', `type=bind,source=${source},target=${target},readonly`];
});

export interface WebSpec {
  readonly name: string;
  readonly networks: readonly string[];
  /** Tasks in all; of a global service, one for each host. */
  readonly replicas: number;
  readonly global?: boolean;
  /** Further options of `docker service create`. */
  readonly args?: readonly string[];
}

/** Creates a service whose tasks answer, and waits until all of them run. @returns its id */
export async function createWeb(lab: Lab, spec: WebSpec): Promise<string> {
  const { name, networks, replicas, global = false, args = [] } = spec;
  const id = await (lab.hosts[0] as LabHost).docker([
    ...['service', 'create', '--detach', '--name', name, '--no-resolve-image'],
    ...(global ? ['--mode', 'global'] : ['--replicas', String(replicas)]),
    ...['--restart-delay', '0s'],
    ...networks.flatMap((it) => ['--network', it]),
    ...SERVICE_MOUNTS,
    ...args,
    ...[IMAGE, ...NODE_IN_CONTAINER, SERVER, String(SERVICE_PORT)],
  ]);
  await tasksRun(lab, name, replicas);
  return id.trim();
}

/** Runs the services' program in a container. */
export async function serve({ host, id }: Container): Promise<void> {
  await host.docker(['exec', '-d', id, ...NODE_IN_CONTAINER, SERVER, String(SERVICE_PORT)]);
}

/** The options of `docker service update` that start each task anew, as another version. */
export function newVersion(version: string): string[] {
  const program = [...NODE_IN_CONTAINER, SERVER, String(SERVICE_PORT), version];
  return ['--args', program.join(' ')];
}

/** The virtual addresses of a service, in the order of its networks' names. */
export async function vipsOf(lab: Lab, service: string): Promise<string[]> {
  const text = await (lab.hosts[0] as LabHost).docker([
    ...['service', 'inspect', '-f', '{{json .Endpoint.VirtualIPs}}', service],
  ]);
  const found = (JSON.parse(text) ?? []) as { Addr?: string }[];
  return found.flatMap(({ Addr }) => (Addr === undefined ? [] : [Addr.split('/')[0] as string]));
}

/** Removes services and waits until no container of theirs is left. */
export async function removeServices(lab: Lab, ...names: string[]): Promise<void> {
  const manager = lab.hosts[0] as LabHost;
  await manager.docker(['service', 'rm', ...names]);
  for (const host of lab.hosts) {
    for (const name of names) {
      const filter = ['--filter', `label=com.docker.swarm.service.name=${name}`];
      await until(async () => (await host.docker(['ps', '-aq', ...filter])) === '' || undefined, {
        what: `${host.name}: the end of ${name}'s containers`,
        timeoutMs: 60_000,
        everyMs: 100,
      });
    }
  }
}

/** The test's end of a client in a container. */
export class Caller {
  readonly container: Container;
  readonly #program: Driven;

  private constructor(container: Container, program: Driven) {
    this.container = container;
    this.#program = program;
  }

  static start(container: Container): Promise<Caller> {
    const { host, id } = container;
    const argv = ['exec', '-i', id, ...NODE_IN_CONTAINER, CLIENT];
    const child = spawn('docker', argv, { env: host.dockerEnv(), stdio: 'pipe' });
    return Caller.#begin(container, child);
  }

  /** A client on the host itself, in no container. */
  static startOn(host: LabHost): Promise<Caller> {
    const child = host.spawn([NODE, join(ROOT, 'lab/tools/vip-client.ts')]);
    return Caller.#begin({ host, id: '', name: host.name, ip: host.address, mac: '' }, child);
  }

  static async #begin(container: Container, child: ChildProcess): Promise<Caller> {
    return new Caller(container, await Driven.begin(container.name, child));
  }

  /** Connections one after the other. @param port another one than the services' own */
  async ask(to: string, count = 1, port = SERVICE_PORT): Promise<Outcome> {
    return (await this.#do('ask', { to, count, port })) as unknown as Outcome;
  }

  /** One connection from a given port. @param patience milliseconds */
  async askFrom(from: number, to: string, patience?: number): Promise<Outcome> {
    return (await this.#do('ask', { to, from, patience })) as unknown as Outcome;
  }

  /** Connections without a pause, until `stop`. */
  async load(to: string, atOnce = 4): Promise<void> {
    await this.#do('load', { to, at_once: atOnce });
  }

  async stop(): Promise<Outcome> {
    return (await this.#do('stop', {})) as unknown as Outcome;
  }

  /** Opens the connection that `say` uses. @returns the task's name */
  async hold(to: string): Promise<string> {
    const { who, gone } = await this.#do('hold', { to });
    if (typeof who !== 'string') throw new Error(`no connection to ${to}: ${gone}`);
    return who;
  }

  /** Who is at the other end of the held connection; or how it ended. */
  async say(): Promise<{ who?: string; gone?: string }> {
    const { who, gone } = await this.#do('say', {});
    return (typeof who === 'string' ? { who } : { gone }) as { who?: string; gone?: string };
  }

  /** One UDP packet, always from the same port. @returns who answered, if anybody did */
  async send(to: string): Promise<string | undefined> {
    return (await this.#do('send', { to })).who as string | undefined;
  }

  resolve(name: string): Promise<string[]> {
    return this.#program.resolve(name);
  }

  close(): Promise<void> {
    return this.#program.close();
  }

  #do(what: string, given: object): Promise<Answer> {
    return this.#program.ask(what, { port: SERVICE_PORT, ...given });
  }
}

/** Asks until this many different tasks have answered and nothing failed between. */
export async function spreads(
  caller: Caller,
  to: string,
  tasks: number,
  port?: number,
): Promise<Outcome> {
  return await until(
    async () => {
      const outcome = await caller.ask(to, tasks * 12, port);
      const who = Object.keys(outcome.answers).length;
      if (who === tasks && outcome.failures.length === 0) return outcome;
      throw new Error(`${who} answer, failures: ${JSON.stringify(outcome.failures.slice(0, 3))}`);
    },
    { what: `${tasks} tasks behind ${to}`, timeoutMs: 15_000, everyMs: 100 },
  );
}
