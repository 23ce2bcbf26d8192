import type { Command } from 'commander';
import { UserError } from '../output.ts';
import type { Target } from './core/wanted.ts';
import { readWishes } from './file.ts';
import { checkTargets, parseTarget } from './target.ts';

/** What `up`, `down` and `status --all` share. */
export interface HostFlags {
  readonly file?: string;
  readonly sshConfig?: string;
  readonly json?: boolean;
}

/** Adds the hosts and what says how to reach them. */
export function withHosts(command: Command): Command {
  return command
    .argument('[hosts...]', '[user@]host[:port], as ssh takes them; localhost is this machine')
    .option('-f, --file <path>', 'a file with hosts, network and settings: castnet.yaml')
    .option('-F, --ssh-config <path>', 'a config for ssh, as ssh -F takes it')
    .option('--json', 'print JSON, for programs');
}

/** The hosts of the line, or those of the file. @throws UserError for none, or for both */
export async function targetsOf(
  hosts: readonly string[],
  { file }: HostFlags,
): Promise<readonly Target[]> {
  if (file !== undefined && hosts.length > 0) {
    throw new UserError(`hosts are named on the line and in ${file}`, {
      hint: 'Name them in one place; what else the file says holds with either.',
      exitCode: 2,
    });
  }
  if (file === undefined) return checkTargets(hosts.map((it) => parseTarget(it)));
  return checkTargets((await readWishes(file)).hosts);
}
