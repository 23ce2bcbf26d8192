import { existsSync } from 'node:fs';
import { request } from 'node:http';
import type { Command } from 'commander';
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
  readonly method?: 'GET' | 'PUT' | 'POST';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** How long the answer may take, milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Asks the agent of this host.
 * @throws UserError that says what to do when there is no agent or no permission
 */
export async function askAgent<T>(
  flags: AgentFlags,
  path: string,
  { method = 'GET', body }: AgentCall = {},
): Promise<T> {
  const socketPath = flags.socket ?? process.env.CASTNET_SOCKET ?? SOCKET;
  if (!existsSync(socketPath)) {
    throw new UserError(`there is no agent at ${socketPath}`, {
      hint:
        'Is the plugin installed and enabled here? docker plugin ls; if not: castnet plugin install. ' +
        'In the lab: castnet lab exec HOST -- castnet …',
    });
  }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text) as T);
        else reject(new UserError(`the agent answers ${answer.statusCode}: ${text.trim()}`));
      });
    });
    call.on('error', (error: NodeJS.ErrnoException) => reject(explained(error, socketPath)));
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function explained(error: NodeJS.ErrnoException, socketPath: string): UserError {
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
