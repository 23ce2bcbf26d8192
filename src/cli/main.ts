/** The command `castnet`: puts its commands together and turns errors into exit statuses. */
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { registerDashboard } from './dashboard/command.ts';
import {
  CALLED_BY_DOCKER,
  ownArguments,
  pluginMetadata,
  registerDockerPlugin,
} from './docker-plugin.ts';
import { registerExpose } from './expose.ts';
import { registerInspect } from './inspect.ts';
import { registerLogLevel } from './log-level.ts';
import { describeError, UserError } from './output.ts';
import { registerProbe } from './probe.ts';
import { registerServices } from './services.ts';

const OVERVIEW = `
Examples:
  castnet up root@h1 root@h2 root@h3     a Swarm with castnet of three hosts, by ssh
  castnet plugin install                 install the plugin on the Engine of DOCKER_HOST
  docker network create -d castnet:latest --attachable mynet
  castnet lab up --hosts 3               three Docker hosts with the plugin, on this machine
  castnet lab docker h1 -- node ls       the docker CLI against one of them
  castnet lab down                       and nothing is left of them`;

/**
 * Commands that only ask the agent. A look at a host is to be quick, so the rest, whose libraries
 * take as long to load as Node itself, stays out of the way of these.
 */
const LIGHT = [
  registerInspect,
  registerServices,
  registerProbe,
  registerExpose,
  registerDashboard,
  registerLogLevel,
  registerDockerPlugin,
];

/** Adds a command with its subcommands. */
export type Register = (program: Command) => void;

/** Adds all the other commands. */
async function registerRest(program: Command, loadMore: () => Promise<Register>): Promise<void> {
  const [{ registerUp }, { registerDown }, { registerDoctor }, { registerPlugin }, registerMore] =
    await Promise.all([
      import('./up/command.ts'),
      import('./up/down-command.ts'),
      import('./doctor/doctor.ts'),
      import('./plugin/plugin.ts'),
      loadMore(),
    ]);
  for (const register of [registerUp, registerDown, registerDoctor, registerPlugin, registerMore]) {
    register(program);
  }
}

async function buildProgram(
  args: readonly string[],
  loadMore: () => Promise<Register>,
): Promise<Command> {
  const program = new Command('castnet')
    .description(manifest.description)
    .version(manifest.version)
    .showSuggestionAfterError()
    .showHelpAfterError('(castnet --help lists the commands)')
    // So that wrong usage ends in one place, with status 2; subcommands take it over.
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'castnet: ')),
    })
    .addHelpText('after', OVERVIEW);
  for (const register of LIGHT) register(program);
  const isLight = program.commands.some((it) => it.name() === args[0]);
  if (!isLight) await registerRest(program, loadMore);
  return program;
}

/**
 * Runs a command line and returns the exit status.
 * @param given without node and script
 * @param loadMore commands of another room, which cost nothing unless they are needed
 */
export async function main(
  given: readonly string[],
  loadMore: () => Promise<Register>,
): Promise<number> {
  const byDocker = process.env[CALLED_BY_DOCKER] !== undefined;
  const metadata = byDocker ? pluginMetadata(given) : undefined;
  if (metadata !== undefined) {
    console.log(metadata);
    return 0;
  }
  const args = byDocker ? ownArguments(given) : [...given];
  const program = await buildProgram(args, loadMore);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  // Whoever reads a pipe may have seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // commander has printed its message already; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(describeError(error));
    return error instanceof UserError ? error.exitCode : 1;
  }
}
