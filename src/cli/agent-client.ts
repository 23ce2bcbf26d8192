import type { Command } from 'commander';
import { ask, HttpTimeout } from '../system/http.ts';
import { UserError } from './output.ts';

/** Where the agent of this host listens for people. */
const SOCKET = '/run/castnet/castnet.sock';

export interface AgentFlags {
  readonly socket?: string;
}

/** Adds `--socket` to a command that speaks to the agent. */
export function withSocket(command: Command): Command {
  return command.option(
    '--socket <path>',
    'the agent’s socket; default $CASTNET_SOCKET, else where the plugin has it',
  );
}

export interface AgentCall {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** How long the answer may take, milliseconds. */
  readonly timeoutMs?: number;
}

/** An agent that is well answers within milliseconds, or says at once that it will take longer. */
const TIMEOUT_MS = 10_000;

/**
 * Asks the agent of this host.
 * @throws UserError that says what to do when there is no agent, no permission or no answer
 */
export async function askAgent<T>(
  flags: AgentFlags,
  path: string,
  { method = 'GET', body, timeoutMs = TIMEOUT_MS }: AgentCall = {},
): Promise<T> {
  const socketPath = flags.socket ?? process.env.CASTNET_SOCKET ?? SOCKET;
  const call = {
    ...{ socketPath, path, method, timeoutMs },
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  const { status, text } = await ask(call).catch((error: NodeJS.ErrnoException) => {
    throw explained(error, socketPath);
  });
  if (status !== 200) throw refused(status, text);
  return JSON.parse(text) as T;
}

/** The agent's own words where it has some: `{"error": …, "hint": …}`. */
export function refused(status: number, text: string): UserError {
  try {
    const { error, hint } = JSON.parse(text) as { error: string; hint?: string };
    return new UserError(error, hint === undefined ? {} : { hint });
  } catch {
    return status === 404
      ? new UserError('the agent does not know this question', {
          hint: 'It is of another release than this command: castnet plugin upgrade',
        })
      : new UserError(`the agent answers ${status}: ${text.trim()}`);
  }
}

function explained(error: NodeJS.ErrnoException, socketPath: string): UserError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return new UserError(`there is no agent at ${socketPath}`, {
      hint:
        'Is the plugin installed and enabled here? docker plugin ls; if not: castnet plugin install. ' +
        'In the lab: castnet lab exec HOST -- castnet …',
    });
  }
  if (error instanceof HttpTimeout) {
    return new UserError(`the agent at ${socketPath} does not answer: it is stopped or too busy`, {
      hint: 'castnet doctor looks closer; docker plugin disable -f and enable castnet:latest restarts it.',
    });
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new UserError(`no permission to speak to ${socketPath}`, {
      hint: 'Run it as root: sudo castnet …',
    });
  }
  if (error.code === 'ECONNREFUSED') {
    return new UserError(`nobody answers at ${socketPath}: the agent is not running`, {
      hint: 'Start it: docker plugin enable castnet:latest',
    });
  }
  return new UserError(`the agent at ${socketPath} cannot be asked: ${error.message}`);
}
