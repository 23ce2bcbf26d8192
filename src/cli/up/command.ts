import type { Command } from 'commander';
import { UserError } from '../output.ts';
import { checkSettings, collectSetting } from '../plugin/settings.ts';
import type { Wanted } from './core/wanted.ts';
import { readWishes } from './file.ts';
import { type HostFlags, targetsOf, withHosts } from './flags.ts';
import { Ways } from './hosts/ssh.ts';
import { interruptible } from './interrupt.ts';
import { progressTo } from './progress.ts';
import { ownRelease } from './release.ts';
import { outcomeText, planText, problemsText, upJson } from './text.ts';
import { type UpOutcome, up } from './up.ts';

interface Flags extends HostFlags {
  readonly network?: string;
  readonly opt?: Record<string, string>;
  readonly set?: Record<string, string>;
  readonly installDocker?: boolean;
  readonly upgrade?: boolean;
  readonly dryRun?: boolean;
}

/** As `docker network create --opt` takes it, where a name alone is an option too: `--opt encrypted`. */
const collectOption = (text: string, before?: Readonly<Record<string, string>>) =>
  collectSetting(text.includes('=') ? text : `${text}=`, before);

const AGAIN =
  'Run the same command again: it goes on where it was. castnet down takes back what was done.';

/** Adds `castnet up`. */
export function registerUp(program: Command): void {
  withHosts(program.command('up'))
    .description('make a Swarm with castnet of these hosts, by ssh, and prove that multicast works')
    .option('--network <name>', 'a network that is to be there in the end')
    .option('--opt <key=value>', 'an option of that network; may be repeated', collectOption)
    .option('--set <key=value>', 'a setting of the plugin; may be repeated', collectSetting)
    .option('--install-docker', 'install the distribution’s own Docker where there is none')
    .option('--upgrade', 'replace other releases and settings, one host after another')
    .option('--dry-run', 'look, try and say what would be done')
    .action(async (hosts: string[], flags: Flags) => {
      const wanted = await wantedOf(hosts, flags);
      const outcome = await interruptible(AGAIN, (signal) => run(wanted, flags, signal));
      show(outcome, flags);
    });
}

async function run(wanted: Wanted, flags: Flags, signal: AbortSignal): Promise<UpOutcome> {
  const { json, dryRun = false, installDocker = false, sshConfig } = flags;
  const release = await ownRelease();
  const ways = new Ways({ config: sshConfig, signal });
  await ways.open();
  try {
    return await up({
      ...{ wanted, release, ways, dryRun, installDocker, signal },
      progress: progressTo(json ? 'program' : 'person'),
      onPlan: (plan) => {
        if (!json) console.log(planText(plan, dryRun));
      },
    });
  } finally {
    await ways.close();
  }
}

/** What the line and the file ask for together; the line has the last word. */
async function wantedOf(hosts: string[], flags: Flags): Promise<Wanted> {
  const { file, network: name, opt, set, upgrade = false } = flags;
  const wishes = file === undefined ? undefined : await readWishes(file);
  const settings = { ...wishes?.settings, ...set };
  checkSettings(settings);
  const named = name === undefined ? wishes?.network : { name, options: {} };
  if (opt !== undefined && named === undefined) {
    throw new UserError('--opt is of a network, and none is named', {
      hint: 'Name it: --network NAME',
      exitCode: 2,
    });
  }
  const network =
    named === undefined ? undefined : { ...named, options: { ...named.options, ...opt } };
  if (network !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(network.name)) {
    throw new UserError(`"${network.name}" cannot be a network's name`, {
      hint: 'It is letters, digits and "_ . -", the first a letter or digit.',
      exitCode: 2,
    });
  }
  return { hosts: await targetsOf(hosts, flags), network, settings, upgrade };
}

function show(outcome: UpOutcome, { json, dryRun = false }: Flags): void {
  const { problems, probe } = outcome;
  const isOk = problems.length === 0 && (dryRun || probe?.ok === true);
  process.exitCode = isOk ? 0 : 1;
  if (json) console.log(JSON.stringify(upJson(outcome, dryRun), null, 2));
  else if (problems.length > 0) console.log(problemsText(problems));
  else if (probe !== undefined) console.log(outcomeText(outcome));
}
