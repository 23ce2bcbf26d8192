/** The plugin on a host of the lab. */
import type { LabHost } from '../lab.ts';

const PLUGIN = 'castnet:latest';

/** Has Docker stop the plugin, give it settings, as `NAME=value`, and start it. */
export async function setPlugin(host: LabHost, ...settings: readonly string[]): Promise<void> {
  await host.docker(['plugin', 'disable', '-f', PLUGIN]);
  if (settings.length > 0) await host.docker(['plugin', 'set', PLUGIN, ...settings]);
  await host.docker(['plugin', 'enable', PLUGIN], { timeoutMs: 60_000 });
}
