import { HOLDER_IMAGE, HOLDER_LABEL } from '../../core/exposure.ts';
import { UserError } from '../output.ts';
import { type Docker, DockerError, dockerFor, linesOf } from './docker.ts';
import type { PluginOptions } from './install.ts';
import { CLEAN, inspectPlugin, PLUGIN_NAME, pluginName } from './state.ts';

export interface UninstallOptions extends Omit<PluginOptions, 'settings' | 'open'> {
  /** Also when networks use it: their containers lose them. */
  readonly force?: boolean | undefined;
}

export interface UninstallOutcome {
  readonly done: 'uninstalled' | 'nothing';
  readonly name: string;
  /** What stayed on the host, and how to remove it; undefined when nothing did. */
  readonly left?: string | undefined;
}

/**
 * Removes the plugin and what it keeps on its host. The host's /run may be out of this command's
 * reach (another machine, over ssh), so the plugin itself is started once more, told to clean.
 *
 * @throws UserError naming the networks that still use it, unless forced
 */
export async function uninstallPlugin(options: UninstallOptions = {}): Promise<UninstallOutcome> {
  const name = pluginName(options.name ?? PLUGIN_NAME);
  const docker = options.docker ?? dockerFor(options);
  const onProgress = options.onProgress ?? (() => {});
  const before = await inspectPlugin(docker, name);
  if (!before) return { done: 'nothing', name };
  const networks = await networksOf(docker, name);
  const holders = await holdersOf(docker);
  if (networks.length > 0 && !options.force) throw inUse(name, networks, holders);
  // While the plugin runs, which takes their links away.
  if (holders.length > 0) await docker(['rm', '--force', ...holders]);

  onProgress(`Stopping ${name}`);
  if (before.enabled) await docker(['plugin', 'disable', '--force', name]);
  onProgress('Removing what it keeps on the host');
  const left = before.version === undefined ? undefined : await clean(docker, name);
  onProgress(`Removing ${name}`);
  await docker(['plugin', 'rm', '--force', name]);
  await docker(['image', 'rm', HOLDER_IMAGE]).catch(() => {});
  return { done: 'uninstalled', name, left };
}

/** Names of the networks on this Engine that the plugin serves, sorted. */
export async function networksOf(docker: Docker, name: string): Promise<string[]> {
  const names = await docker([
    'network',
    'ls',
    '--filter',
    `driver=${name}`,
    '--format',
    '{{.Name}}',
  ]);
  return linesOf(names).sort();
}

/** The containers that hold addresses for the host (castnet expose). */
const holdersOf = async (docker: Docker): Promise<string[]> =>
  linesOf(await docker(['ps', '-aq', '--filter', `label=${HOLDER_LABEL}`]));

function inUse(name: string, networks: readonly string[], holders: readonly string[]): UserError {
  const own =
    holders.length === 0
      ? ''
      : ' Take back this host’s own addresses: castnet expose NETWORK --remove.';
  const are = networks.length === 1 ? 'network uses' : 'networks use';
  return new UserError(`${networks.length} ${are} ${name}: ${networks.join(', ')}`, {
    hint: `Remove them first (docker network rm ${networks.join(' ')}), or add --force: their containers then lose them.${own}`,
  });
}

/** @returns what stayed, undefined when the plugin says that all is gone */
async function clean(docker: Docker, name: string): Promise<string | undefined> {
  try {
    await docker(['plugin', 'set', name, `${CLEAN}=yes`]);
    await docker(['plugin', 'enable', name]);
    await docker(['plugin', 'disable', '--force', name]);
    return undefined;
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    return (
      `castnet's namespace and state may still be on the host (${error.message.split('\n')[0]}). ` +
      'There, as root: ip netns delete castnet; rm -rf /run/castnet'
    );
  }
}
