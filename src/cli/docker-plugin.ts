import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { UserError } from './output.ts';
import { quote } from './quote.ts';

/** The name by which the docker command finds it: `docker-` and the word that follows docker. */
const NAME = 'docker-castnet';
/** In what was written by castnet, so that nothing else is overwritten or removed. */
const MARK = '# Written by castnet docker-plugin install.';
/** Set by the file, so that castnet knows that docker calls it. */
export const CALLED_BY_DOCKER = 'CASTNET_DOCKER_PLUGIN';

/** Where the docker command looks for a user's plugins (docker/cli, cli-plugins/manager). */
const directoryOf = (env: NodeJS.ProcessEnv): string =>
  join(env.DOCKER_CONFIG || join(homedir(), '.docker'), 'cli-plugins');

/** Adds `castnet docker-plugin install|uninstall`. */
export function registerDockerPlugin(program: Command): void {
  const plugin = program
    .command('docker-plugin')
    .description('make "docker castnet …" the same as "castnet …", for this user');
  plugin
    .command('install')
    .description('write the file by which the docker command finds castnet')
    .action(async () => {
      const path = await installDockerPlugin(process.env, [
        process.execPath,
        process.argv[1] ?? '',
      ]);
      console.log(`${path} is written. Try: docker castnet --help`);
    });
  plugin
    .command('uninstall')
    .description('remove that file')
    .action(async () => {
      const path = await uninstallDockerPlugin(process.env);
      console.log(path === undefined ? 'It is not installed.' : `${path} is removed.`);
    });
}

/**
 * Writes the plugin: a script that starts this very castnet.
 * @param program Node and castnet's file
 * @throws UserError when something else has the name
 */
export async function installDockerPlugin(
  env: NodeJS.ProcessEnv,
  program: readonly string[],
): Promise<string> {
  const path = join(directoryOf(env), NAME);
  await mustBeOurs(path);
  await mkdir(directoryOf(env), { recursive: true });
  const start = program.map(quote).join(' ');
  await writeFile(path, `#!/bin/sh\n${MARK}\n${CALLED_BY_DOCKER}=1 exec ${start} "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

/** @returns what was removed; undefined when there was nothing */
export async function uninstallDockerPlugin(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const path = join(directoryOf(env), NAME);
  if (!(await mustBeOurs(path))) return undefined;
  await rm(path);
  return path;
}

async function mustBeOurs(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read: ${error.message}`);
  });
  if (text === undefined || text.includes(MARK)) return text !== undefined;
  throw new UserError(`${path} is there and was not written by castnet`, {
    hint: 'Look at it, and remove it if nobody needs it.',
  });
}

/**
 * What the docker command wants to know of a plugin, or undefined when it runs it.
 * (docker/cli, cli-plugins/metadata: the schema's version is 0.1.0)
 */
export function pluginMetadata(args: readonly string[]): string | undefined {
  if (args[0] !== 'docker-cli-plugin-metadata') return undefined;
  return JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: 'castnet',
    Version: manifest.version,
    ShortDescription: 'Multicast networking for Docker Swarm',
  });
}

/** castnet's own arguments: docker gives the plugin's name, and before it options of its own. */
export function ownArguments(args: readonly string[]): string[] {
  return args.slice(args.indexOf('castnet') + 1);
}
