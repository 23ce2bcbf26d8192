/** The plugin on a host of the lab. */
import type { LabHost } from '../lab.ts';

const PLUGIN = 'castnet:latest';

/** Gives the plugin settings, as `NAME=value`, for which Docker stops and starts it. */
export async function setPlugin(host: LabHost, ...settings: readonly string[]): Promise<void> {
  await host.docker(['plugin', 'disable', '-f', PLUGIN]);
  await host.docker(['plugin', 'set', PLUGIN, ...settings]);
  await host.docker(['plugin', 'enable', PLUGIN], { timeoutMs: 60_000 });
}
