import { UserError } from '../../output.ts';
import { type Docker, DockerError, linesOf } from '../../plugin/docker.ts';
import { networksOf, uninstallPlugin } from '../../plugin/uninstall.ts';
import type { DownStep } from '../core/down-plan.ts';
import { PLUGIN } from '../core/wanted.ts';
import { UNSTAGE } from '../hosts/bring.ts';
import { dockerOn } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import { until } from './until.ts';

/** Milliseconds; a task that does not end when it is told is killed after ten seconds. */
const TASKS_MS = 60_000;
/** A network that was removed stays listed on other hosts for some seconds. */
const NETWORKS_MS = 40_000;
const LEAVE_MS = 90_000;

export interface DownInput {
  readonly host: Host;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Does one step. Done already is as good as done now. @throws UserError, DockerError */
export async function downStep(step: DownStep, input: DownInput): Promise<void> {
  const docker = dockerOn(input.host);
  switch (step.do) {
    case 'services':
      return void (await docker(['service', 'rm', ...step.names]).catch(unless(/not found/i)));
    case 'containers':
      return void (await docker(['rm', '--force', ...step.names]).catch(
        unless(/no such container/i),
      ));
    case 'networks':
      return removeNetworks(docker, step.names, input);
    case 'plugin':
      return removePlugin(docker, input);
    case 'leave':
      return leave(docker, input);
  }
}

/** Takes what is already so for done. */
const unless =
  (done: RegExp) =>
  (error: Error): string => {
    if (error instanceof DockerError && done.test(error.message)) return '';
    throw error;
  };

async function removeNetworks(
  docker: Docker,
  names: readonly string[],
  { signal }: DownInput,
): Promise<void> {
  await until(
    async () => {
      const failed: string[] = [];
      for (const name of names) {
        // Tasks of a service that was just removed are still ending.
        await docker(['network', 'rm', name])
          .catch(unless(/not found|no such network/i))
          .catch((error: Error) => failed.push(error.message));
      }
      return failed[0];
    },
    {
      what: `the networks ${names.join(', ')} are removed`,
      timeoutMs: TASKS_MS,
      everyMs: 500,
      hint: 'docker network inspect NAME, on the host that is named, shows who is still on it.',
      signal,
    },
  );
}

async function removePlugin(docker: Docker, { host, say, signal }: DownInput): Promise<void> {
  await until(
    async () => {
      const left = await networksOf(docker, PLUGIN);
      return left.length === 0 ? undefined : `Docker still lists ${left.join(', ')}`;
    },
    {
      what: `${host.name} has no castnet network any more`,
      timeoutMs: NETWORKS_MS,
      hint: `On ${host.name}: docker network rm NAME, then run this again.`,
      signal,
    },
  );
  const { left } = await uninstallPlugin({ docker, name: PLUGIN, onProgress: say });
  if (left !== undefined) throw new UserError(`${host.name}: ${left}`);
}

async function leave(docker: Docker, { host, signal }: DownInput): Promise<void> {
  await until(
    async () => {
      const state = await docker(['info', '--format', '{{.Swarm.LocalNodeState}}']);
      if (state === 'inactive') return undefined;
      return docker(['swarm', 'leave', '--force']).then(
        () => undefined,
        // Docker gives its node 15 s to stop; asked again it goes on (moby, noderunner.go, Stop).
        (error: Error) => error.message,
      );
    },
    {
      what: `${host.name} leaves the Swarm`,
      timeoutMs: LEAVE_MS,
      everyMs: 500,
      hint: `On ${host.name}: docker swarm leave --force; journalctl -u docker`,
      signal,
    },
  );
  // Docker made it for the Swarm's containers; it keeps one that still has some.
  await docker(['network', 'rm', 'docker_gwbridge']).catch(() => {});
}

/** Takes what an `up` that was cut short may have left; what is not there is none. */
export async function sweep(host: Host): Promise<void> {
  await host.run(`${UNSTAGE}; :`);
  const docker = dockerOn(host);
  const names = linesOf(await docker(['plugin', 'ls', '--format', '{{.Name}}']));
  const rehearsal = `${PLUGIN.replace(/:.*/, '')}-rehearsal:latest`;
  if (names.includes(rehearsal)) await docker(['plugin', 'rm', '--force', rehearsal]);
}
