import { UserError } from '../../output.ts';
import type { Member } from '../session.ts';

const SOCKET = '/var/run/docker.sock';

/** What Docker said no to. */
export class EngineRefusal extends UserError {
  readonly status: number;
  constructor(host: string, status: number, message: string) {
    super(`Docker on ${host}: ${message}`);
    this.status = status;
  }
}

/**
 * Asks a host's Engine by its API, through the helper: a Swarm's token is on no command line so.
 * @throws EngineRefusal in Docker's words
 */
export async function engine<T>(
  { helper, host }: Member,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const { status, text } = await helper.call({ socket: SOCKET, method, path, body });
  const value = text === '' ? undefined : parsed(text);
  if (status < 400) return value as T;
  const message = (value as { message?: unknown } | undefined)?.message ?? text;
  throw new EngineRefusal(host.name, status, String(message));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
