import * as z from 'zod';
import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { type Docker, linesOf } from '../plugin/docker.ts';

const Stopped = z.object({
  Name: z.string(),
  State: z.object({ Error: z.string() }),
  HostConfig: z.object({ RestartPolicy: z.object({ Name: z.string() }) }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullish() }),
});

/**
 * How Docker says that its Swarm did not let a container onto a network, in either of two places, or that
 * it dropped the Swarm's network while the container started, as after an attempt that it had given up. By its id,
 * 25 letters and digits (swarmkit, identity/randomid.go): those of networks of one host are 64 of base 16.
 */
export const UNATTACHED = /attach(ing)? to network|network [0-9a-z]{25} not found/i;

/**
 * Containers of this host that Docker was to start again with its Engine, and did not: its Swarm was
 * not ready in the 20 s that Docker gives it, and it tries once (https://github.com/moby/moby/issues/32607).
 * @throws DockerError when the Engine does not answer
 */
export async function containersCheck(docker: Docker): Promise<Check> {
  // One may be removed between the two questions.
  const stopped = await stoppedContainers(docker).catch(() => stoppedContainers(docker));
  const findings = stopped
    .filter(({ State }) => UNATTACHED.test(State.Error))
    .filter(({ HostConfig }) => HostConfig.RestartPolicy.Name !== 'no')
    .map(notStarted);
  const detail = 'Docker has let none down that it should have started again';
  return { name: 'Containers', detail, findings };
}

async function stoppedContainers(docker: Docker): Promise<z.infer<typeof Stopped>[]> {
  const states = ['--filter', 'status=exited', '--filter', 'status=created'];
  const ids = linesOf(await docker(['ps', '-aq', ...states]));
  if (ids.length === 0) return [];
  return z
    .array(Stopped)
    .parse(JSON.parse(await docker(['inspect', '--type', 'container', ...ids])));
}

function notStarted({ Name, State, NetworkSettings }: z.infer<typeof Stopped>): Finding {
  const name = Name.replace(/^\//, '');
  const networks = Object.keys(NetworkSettings.Networks ?? {}).join(', ');
  return {
    code: 'not-started',
    severity: 'warning',
    what: `Docker did not start the container ${name} on network ${networks}, and tries no more: ${State.Error}`,
    remedy: `docker start ${name}`,
  };
}
