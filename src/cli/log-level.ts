import type { Command } from 'commander';
import { type AgentFlags, askAgent, withSocket } from './agent-client.ts';

/** Adds `castnet log-level`. */
export function registerLogLevel(program: Command): void {
  withSocket(program.command('log-level'))
    .description('show how much the agent logs, or set it until it restarts')
    .argument('[level]', 'trace, debug, info, warn, error or fatal')
    .action(async (level: string | undefined, flags: AgentFlags) => {
      const call = level === undefined ? {} : { method: 'PUT' as const, body: { level } };
      const answer = await askAgent<{ level: string }>(flags, '/v1/log-level', call);
      console.log(answer.level);
    });
}
