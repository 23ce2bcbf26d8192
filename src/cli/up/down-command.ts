import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { DownJson } from '../../contract/commands.ts';
import { UserError } from '../output.ts';
import { type DownStage, downText } from './core/down-plan.ts';
import { type DownOutcome, down } from './down.ts';
import { type HostFlags, targetsOf, withHosts } from './flags.ts';
import { Ways } from './hosts/ssh.ts';
import { interruptible } from './interrupt.ts';
import { progressTo } from './progress.ts';
import { problemsText } from './text.ts';

interface Flags extends HostFlags {
  readonly leaveSwarm?: boolean;
  readonly yes?: boolean;
}

/** Adds `castnet down`. */
export function registerDown(program: Command): void {
  withHosts(program.command('down'))
    .description('take castnet and its networks from these hosts, which castnet up made')
    .option('--leave-swarm', 'end the Swarm too')
    .option('-y, --yes', 'remove services and containers on castnet networks without asking')
    .action(async (hosts: string[], flags: Flags) => {
      const targets = await targetsOf(hosts, flags);
      const hint = 'Run the same command again: it goes on where it was.';
      const outcome = await interruptible(hint, async (signal) => {
        const ways = new Ways({ config: flags.sshConfig, signal });
        await ways.open();
        const { json, leaveSwarm = false } = flags;
        try {
          return await down({
            ...{ targets, leaveSwarm, ways, signal },
            progress: progressTo(json ? 'program' : 'person'),
            onPlan: (stages, ends) => agreed(stages, ends, { ...flags, signal }),
          });
        } finally {
          await ways.close();
        }
      });
      show(outcome, flags);
    });
}

/** Names what ends, and asks a person; a program must have said yes before. */
async function agreed(
  stages: readonly DownStage[],
  ends: readonly string[],
  { json, yes, signal }: Flags & { signal: AbortSignal },
): Promise<boolean> {
  if (!json) {
    const steps = stages.flatMap((it) => it.steps).map((it) => `  ${downText(it)}`);
    const nothing = ['castnet is on none of these hosts.'];
    console.log(
      (steps.length === 0 ? nothing : ['This is going to be done:', ...steps]).join('\n'),
    );
  }
  if (ends.length === 0 || yes) return true;
  if (!process.stdin.isTTY || json) {
    throw new UserError(`these are on castnet networks and would end: ${ends.join(', ')}`, {
      hint: 'End them first, or add --yes. Nothing was changed.',
    });
  }
  console.log(`These are on castnet networks and end:\n${ends.map((it) => `  ${it}`).join('\n')}`);
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await asking.question('Go on? [y/N] ', { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}

function show({ problems, stages, done }: DownOutcome, { json }: Flags): void {
  process.exitCode = done ? 0 : 1;
  if (json) {
    const steps = stages.flatMap((it) => it.steps).map((it) => ({ ...it, text: downText(it) }));
    const value: DownJson = { version: 1, ok: done, problems, steps };
    console.log(JSON.stringify(value, null, 2));
  } else if (problems.length > 0) console.log(problemsText(problems));
  else if (!done) console.log('Nothing was changed.');
  else if (stages.length > 0) console.log('Nothing of castnet is left on these hosts.');
}
