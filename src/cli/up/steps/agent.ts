import { type AgentCall, refused } from '../../agent-client.ts';
import { UserError } from '../../output.ts';
import type { Member } from '../session.ts';

const SOCKET = '/run/castnet/castnet.sock';

/**
 * Asks a host's agent.
 * @param timeoutMs milliseconds that the answer may take
 * @throws UserError when it does not answer, or in its own words
 */
export async function castnet<T>(
  { helper, host }: Pick<Member, 'helper' | 'host'>,
  method: NonNullable<AgentCall['method']>,
  path: string,
  { body, timeoutMs = 10_000 }: { body?: unknown; timeoutMs?: number } = {},
): Promise<T> {
  const answer = await helper
    .call({ socket: SOCKET, method, path, body, timeoutMs })
    .catch((error: Error) => {
      if (error instanceof UserError) throw error;
      throw new UserError(`castnet on ${host.name} does not answer: ${error.message}`, {
        hint: `On ${host.name}: docker plugin ls; if it is disabled: docker plugin enable castnet:latest`,
      });
    });
  if (answer.status === 200) return JSON.parse(answer.text) as T;
  const { message, hint } = refused(answer.status, answer.text);
  throw new UserError(`castnet on ${host.name}: ${message}`, hint === undefined ? {} : { hint });
}
