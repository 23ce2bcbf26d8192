import { UserError } from '../output.ts';
import { type Architecture, architectureNamed } from './architecture.ts';
import { createPlugin, enablePlugin, removeQuietly } from './create.ts';
import { type Docker, dockerFor, type EngineChoice } from './docker.ts';
import { type EngineFacts, engineFacts } from './engine.ts';
import { checkSettings, SETTINGS } from './settings.ts';
import { openSource, type PluginSource } from './source.ts';
import { CLEAN, inspectPlugin, PLUGIN_NAME, type PluginState, pluginName } from './state.ts';

export interface PluginOptions extends EngineChoice {
  /** `castnet:latest` unless told; Swarm takes a driver by its full name only. */
  readonly name?: string | undefined;
  /** As `docker plugin set`; those not named keep what they have, or their defaults. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Told each step as it begins. */
  readonly onProgress?: ((text: string) => void) | undefined;
  /** The docker command, for tests. */
  readonly docker?: Docker | undefined;
  /** Opens what the package holds, for tests. */
  readonly open?: ((architecture: Architecture) => Promise<PluginSource>) | undefined;
}

export interface PluginOutcome {
  readonly done: 'installed' | 'upgraded' | 'enabled' | 'nothing';
  readonly name: string;
  readonly version: string;
  readonly build: string;
}

/** Docker keeps a swarm directory under its data root, and the plugin's default names this one. */
const USUAL_SWARM = '/var/lib/docker/swarm';

/**
 * Installs the plugin on an Engine and starts it. Doing it again changes nothing; a failure half
 * way takes back what was made.
 *
 * @throws UserError when another version or other settings are installed, and for what Docker
 *   refuses
 */
export async function installPlugin(options: PluginOptions = {}): Promise<PluginOutcome> {
  const { docker, name, settings, onProgress } = prepare(options);
  const engine = await engineFacts(docker);
  const source = await openFor(engine, options);
  try {
    const { version, build } = source;
    const before = await inspectPlugin(docker, name);
    if (before) {
      mustBeSame({ before, source, settings, name });
      if (before.enabled) return { done: 'nothing', name, version, build };
      await enableAgain(docker, name, before);
      return { done: 'enabled', name, version, build };
    }
    const all = { ...swarmSource(engine), ...settings };
    await createPlugin({ docker, name, directory: source.directory, settings: all, onProgress });
    onProgress(`Enabling ${name}`);
    // The host's /run/castnet stays: after a failed upgrade it is what running containers live on.
    await enablePlugin(docker, name).catch(async (error: Error) => {
      await removeQuietly(docker, name);
      throw error;
    });
    return { done: 'installed', name, version, build };
  } finally {
    await source.dispose();
  }
}

/**
 * Puts this package's plugin in the place of the installed one, with the same settings. Docker's
 * own upgrade takes plugins from a registry only, so the old one is removed and the new one made:
 * for those seconds no container can join a castnet network on this host, while the kernel goes
 * on forwarding for those that have.
 *
 * @throws UserError when there is nothing to upgrade; when it fails half way, with the state that
 *   the host is in and the way back
 */
export async function upgradePlugin(options: PluginOptions = {}): Promise<PluginOutcome> {
  const { docker, name, settings, onProgress } = prepare(options);
  const before = await inspectPlugin(docker, name);
  if (!before) {
    throw new UserError(`${name} is not installed on this Engine`, {
      hint: 'Install it: castnet plugin install',
    });
  }
  mustBeCastnet(before, name);
  // All that can fail without Docker happens before the old agent is stopped.
  const engine = await engineFacts(docker);
  const source = await openFor(engine, options);
  try {
    const { version, build, directory } = source;
    const all = { ...swarmSource(engine), ...kept(before), ...settings };
    if (before.build === build && !differs(before, settings)) {
      if (before.enabled) return { done: 'nothing', name, version, build };
      await enableAgain(docker, name, before);
      return { done: 'enabled', name, version, build };
    }
    if (before.build === build) {
      // Docker refuses a second plugin of the same content, and none is needed.
      onProgress(`Changing the settings of ${name}`);
      if (before.enabled) await docker(['plugin', 'disable', '--force', name]);
      const pairs = Object.entries(all).map(([key, value]) => `${key}=${value}`);
      await docker(['plugin', 'set', name, ...pairs]).catch(async (error: Error) => {
        await enableAgain(docker, name, before);
        throw error;
      });
      await enableAgain(docker, name, before);
      return { done: 'upgraded', name, version, build };
    }
    await rehearse({ docker, name, directory, settings: all, onProgress });
    onProgress(`Stopping ${name} ${before.version}`);
    if (before.enabled) await docker(['plugin', 'disable', '--force', name]);
    await docker(['plugin', 'rm', '--force', name]).catch(async (error: Error) => {
      if (before.enabled) await enablePlugin(docker, name);
      throw new UserError(`Docker did not remove the old plugin: ${error.message}`, {
        hint: `${name} ${before.version} runs as before.`,
      });
    });
    await createPlugin({ docker, name, directory, settings: all, onProgress }).catch(
      (error: Error) => {
        throw broken({ name, before, error, settings: all, left: 'absent' });
      },
    );
    onProgress(`Enabling ${name} ${version}`);
    await enablePlugin(docker, name).catch((error: Error) => {
      throw broken({ name, before, error, settings: all, left: 'disabled' });
    });
    return { done: 'upgraded', name, version, build };
  } finally {
    await source.dispose();
  }
}

/** Starts a plugin that is there but disabled, be it by an uninstall that was cut short. */
async function enableAgain(docker: Docker, name: string, before: PluginState): Promise<void> {
  if (before.settings.get(CLEAN) === 'yes') {
    await docker(['plugin', 'set', name, `${CLEAN}=no`]);
  }
  await enablePlugin(docker, name);
}

/** The old plugin's settings, all but those that this version no longer has. */
function kept(before: PluginState): Record<string, string> {
  return Object.fromEntries([...before.changed].filter(([key]) => Object.hasOwn(SETTINGS, key)));
}

function prepare(options: PluginOptions) {
  const settings = options.settings ?? {};
  checkSettings(settings);
  return {
    name: pluginName(options.name ?? PLUGIN_NAME),
    settings,
    docker: options.docker ?? dockerFor(options),
    onProgress: options.onProgress ?? (() => {}),
  };
}

/** What the package holds for the Engine's processor. */
function openFor({ architecture }: EngineFacts, { open }: PluginOptions): Promise<PluginSource> {
  return (open ?? openSource)(architectureNamed(architecture));
}

/** The setting that a data root other than /var/lib/docker asks for. */
function swarmSource({ dataRoot }: EngineFacts): Record<string, string> {
  const source = `${dataRoot}/swarm`;
  return source === USUAL_SWARM ? {} : { 'swarm.source': source };
}

/**
 * Makes the new plugin under another name and removes it, while the old one still runs: whatever
 * Docker has against it (no room, settings it refuses) then stops the upgrade before anything
 * has changed. A plugin cannot be renamed, so it has to be made twice.
 */
async function rehearse(input: Parameters<typeof createPlugin>[0]): Promise<void> {
  const name = `${input.name.replace(/:.*/, '')}-rehearsal:latest`;
  await removeQuietly(input.docker, name);
  input.onProgress('Checking that Docker takes the new plugin');
  await createPlugin({ ...input, name, onProgress: () => {} });
  await input.docker(['plugin', 'rm', '--force', name]);
}

function mustBeCastnet(before: PluginState, name: string): void {
  if (before.version !== undefined) return;
  throw new UserError(`the plugin ${name} on this Engine is not castnet's`, {
    hint: `Remove it first (docker plugin rm ${name}), or choose another name with --name.`,
  });
}

function differs(before: PluginState, settings: Readonly<Record<string, string>>): boolean {
  return Object.entries(settings).some(([key, value]) => before.settings.get(key) !== value);
}

interface SameInput {
  readonly before: PluginState;
  readonly source: PluginSource;
  readonly settings: Readonly<Record<string, string>>;
  readonly name: string;
}

function mustBeSame({ before, source, settings, name }: SameInput): void {
  mustBeCastnet(before, name);
  const hint = 'Replace it: castnet plugin upgrade';
  if (before.version !== source.version) {
    throw new UserError(
      `${name} ${before.version} is installed, and this is castnet ${source.version}`,
      { hint },
    );
  }
  if (before.build !== source.build) {
    throw new UserError(
      `${name} ${before.version} is installed in another build (${before.build}, this is ${source.build})`,
      { hint },
    );
  }
  if (differs(before, settings)) {
    const given = Object.entries(settings).map(([key, value]) => `--set ${key}=${value}`);
    throw new UserError(`${name} is installed with other settings`, {
      hint: `Change them: castnet plugin upgrade ${given.join(' ')}`,
    });
  }
}

interface BrokenInput {
  readonly name: string;
  readonly before: PluginState;
  readonly error: Error;
  readonly settings: Readonly<Record<string, string>>;
  readonly left: 'absent' | 'disabled';
}

/** An upgrade that failed after the old plugin was gone: what is there now, and the way back. */
function broken({ name, before, error, settings, left }: BrokenInput): UserError {
  const sets = Object.entries(settings).map(([key, value]) => ` --set ${key}=${value}`);
  const named = name === PLUGIN_NAME ? '' : ` --name ${name}`;
  const rest = `${named}${sets.join('')}`;
  const state =
    left === 'absent'
      ? `The old ${name} is removed and the new one was not made.`
      : `The new ${name} is there but disabled, and the old one is removed.`;
  const cause = error instanceof UserError && error.hint ? ` ${error.hint}` : '';
  const again =
    left === 'absent' ? `castnet plugin install${rest}` : `docker plugin enable ${name}`;
  const first = left === 'absent' ? '' : `docker plugin rm --force ${name} && `;
  return new UserError(`${error.message}. ${state}`, {
    hint:
      `Running containers keep their traffic; none can join or leave until the plugin is back.${cause}\n` +
      `  Try again: ${again}\n` +
      `  Go back:   ${first}castnet plugin install${rest}   (the command of castnet ${before.version}, from where you had it)`,
    cause: error,
  });
}
