import type { Command } from 'commander';
import { UserError } from '../output.ts';
import { type CheckResult, runChecks } from './checks.ts';
import { dockerFor } from './docker.ts';
import { installPlugin, type PluginOutcome, upgradePlugin } from './install.ts';
import { registerPush } from './push/command.ts';
import { collectSetting } from './settings.ts';
import { PLUGIN_NAME } from './state.ts';
import { uninstallPlugin } from './uninstall.ts';

interface Flags {
  readonly name: string;
  readonly host?: string;
  readonly context?: string;
  readonly set?: Record<string, string>;
  readonly force?: boolean;
}

/** Adds `castnet plugin install|upgrade|push|uninstall`. */
export function registerPlugin(program: Command): void {
  const plugin = program
    .command('plugin')
    .description('put castnet on a Docker Engine, replace it there, or take it away');
  const engine = (command: Command) =>
    command
      .option('--name <name>', "the plugin's name; Swarm needs its tag too", PLUGIN_NAME)
      .option('-H, --host <url>', 'Docker Engine, as docker --host takes it')
      .option('-c, --context <name>', 'Docker context, as docker --context takes it');
  const set = ['--set <key=value>', 'a setting of the plugin; may be repeated'] as const;

  engine(plugin.command('install'))
    .description('install the plugin from this package and start it')
    .option(...set, collectSetting)
    .action(async (flags: Flags) => {
      await check(flags);
      console.log(installed(await installPlugin(optionsOf(flags))));
    });
  engine(plugin.command('upgrade'))
    .description('replace the installed plugin with the one in this package, keeping its settings')
    .option(...set, collectSetting)
    .action(async (flags: Flags) => {
      await check(flags);
      console.log(installed(await upgradePlugin(optionsOf(flags))));
    });
  registerPush(plugin);
  engine(plugin.command('uninstall'))
    .description('stop and remove the plugin, and what it keeps on the host')
    .option('--force', 'also when networks use it; their containers lose them')
    .action(async (flags: Flags) => {
      const { done, name, left } = await uninstallPlugin({
        ...optionsOf(flags),
        force: flags.force,
      });
      console.log(done === 'nothing' ? `${name} is not installed.` : `${name} is removed.`);
      if (left) console.log(left);
    });
}

function optionsOf({ name, host, context, set }: Flags) {
  return {
    name,
    dockerHost: host,
    context,
    settings: set,
    onProgress: (text: string) => console.log(`${text} …`),
  };
}

async function check(flags: Flags): Promise<void> {
  const choice = { dockerHost: flags.host, context: flags.context };
  const { results } = await runChecks({ ...choice, docker: dockerFor(choice) });
  for (const line of checkLines(results)) console.log(line);
  const failed = results.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const names = failed.map(({ name }) => name).join(', ');
  throw new UserError(`this host cannot run castnet yet: ${names}`, {
    hint: 'Do what is said above, then try again. Nothing was changed.',
  });
}

/** The checks as lines, each remedy below its finding. */
export function checkLines(results: readonly CheckResult[]): string[] {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results.flatMap(({ name, ok, detail, remedy }) => [
    `${ok ? '✓' : '✗'} ${name.padEnd(width)}  ${detail}`,
    ...(remedy ? [`  ${' '.repeat(width)}  ${remedy}`] : []),
  ]);
}

/** The sentence that ends an installation or an upgrade. */
export function installed({ done, name, version, build }: PluginOutcome): string {
  const what = `${name} ${version} (build ${build})`;
  const sentences: Record<PluginOutcome['done'], string> = {
    installed: `${what} is installed and runs.\nMake a network: docker network create -d ${name} mynet`,
    upgraded: `${what} runs in the place of the old one.`,
    enabled: `${what} was installed already, disabled; now it runs.`,
    nothing: `${what} is installed already and runs. Nothing to do.`,
  };
  return sentences[done];
}
