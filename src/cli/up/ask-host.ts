import type { AgentCall } from '../agent-client.ts';
import { UserError } from '../output.ts';
import { Helper } from './hosts/helper.ts';
import { lookAt } from './hosts/look.ts';
import { Ways } from './hosts/ssh.ts';
import { castnet } from './steps/agent.ts';
import { parseTarget } from './target.ts';

/**
 * Asks the agent of a host by ssh, by the Node of its plugin: the host has neither castnet's command nor Node.
 * @param name `[user@]host[:port]`
 * @throws UserError when it cannot be reached or has no castnet, or in its agent's words
 */
export async function askHost<T>(
  name: string,
  path: string,
  { sshConfig, method = 'GET', ...call }: AgentCall & { sshConfig?: string | undefined },
): Promise<T> {
  const ways = new Ways({ config: sshConfig });
  await ways.open();
  try {
    const host = ways.host(parseTarget(name));
    const look = await lookAt(host);
    if ('problem' in look) throw new UserError(look.problem.what, { hint: look.problem.remedy });
    const rootfs = look.facts.plugin?.rootfs;
    if (rootfs === undefined) {
      throw new UserError(`castnet is not installed on ${name}`, {
        hint: `castnet up ${name} brings it, with the other hosts of its Swarm on the line.`,
      });
    }
    const helper = await Helper.start(host, rootfs);
    return await castnet<T>({ helper, host }, method, path, call).finally(() => helper.close());
  } finally {
    await ways.close();
  }
}
