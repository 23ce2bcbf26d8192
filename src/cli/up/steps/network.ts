import { UserError } from '../../output.ts';
import { PLUGIN } from '../core/wanted.ts';
import { dockerOn } from '../hosts/docker.ts';
import type { Member } from '../session.ts';
import { until } from './until.ts';

/** Milliseconds in which the Swarm's leader asks the plugin for a network's id. */
const ALLOCATED_MS = 15_000;

/** Makes a network, and waits until castnet has taken it: Docker answers before it has asked. */
export async function makeNetwork(
  lead: Member,
  { name, options }: { name: string; options: Readonly<Record<string, string>> },
  signal?: AbortSignal,
): Promise<void> {
  const docker = dockerOn(lead.host);
  const opts = Object.entries(options).flatMap(([key, value]) => ['--opt', `${key}=${value}`]);
  await docker(['network', 'create', '-d', PLUGIN, '--attachable', ...opts, name]).catch(
    async (error: Error) => {
      // An earlier run was killed, and the docker command that it had started there went on.
      const isThere = /already exists/i.test(error.message);
      const inspect = ['network', 'inspect', '-f', '{{.Driver}}', name];
      if (isThere && (await docker(inspect)) === PLUGIN) return;
      throw new UserError(`the network ${name} cannot be made: ${error.message}`, {
        hint: 'docs/networks.md says what names and options are accepted.',
        cause: error,
      });
    },
  );
  const format = '{{index .Options "vni"}}';
  await until(
    async () =>
      (await docker(['network', 'inspect', '-f', format, name])) === ''
        ? 'castnet has not taken it'
        : undefined,
    {
      what: `the network ${name}`,
      timeoutMs: ALLOCATED_MS,
      hint: `An option is not accepted, as a rule; castnet's sentence is in the log of the Swarm's leader: journalctl -u docker | grep 'Failed allocation'. Remove the network before you try again: docker network rm ${name}`,
      signal,
    },
  );
}
