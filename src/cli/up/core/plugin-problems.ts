import type { HostFacts, PluginFacts, Problem } from './facts.ts';
import { buildFor, PLUGIN, type Release, type Wanted } from './wanted.ts';

/** What is installed already and is not what would be installed now. */
export function pluginProblems(
  facts: HostFacts,
  { settings, upgrade }: Wanted,
  release: Release,
): Problem[] {
  const { host, plugin } = facts;
  if (plugin === undefined) return [];
  const { version, build } = plugin;
  if (version === undefined || build === undefined) {
    return [
      {
        code: 'plugin-foreign',
        host,
        what: `the plugin ${PLUGIN} on ${host} is not castnet's`,
        remedy: `Remove it there first: docker plugin rm ${PLUGIN}`,
      },
    ];
  }
  if (upgrade) return [];
  const own = buildFor(release, facts);
  if (build !== own) {
    const has = version === release.version ? `${version} in another build` : version;
    return [
      {
        code: 'version-differs',
        host,
        what: `${host} has castnet ${has} (build ${build}), and this is ${release.version} (build ${own})`,
        remedy: 'Run the same command with --upgrade: it upgrades one host after another.',
      },
    ];
  }
  const other = differing(plugin, settings);
  if (!plugin.enabled || other.length === 0) return [];
  return [
    {
      code: 'settings-differ',
      host,
      what: `castnet on ${host} has other settings: ${other.map((key) => `${key}=${plugin.settings[key] ?? ''}`).join(', ')}`,
      remedy: 'Run the same command with --upgrade: it changes one host after another.',
    },
  ];
}

/** The wanted settings that a plugin has otherwise, sorted. */
export function differing(
  { settings }: Pick<PluginFacts, 'settings'>,
  wanted: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => (settings[key] ?? '') !== value)
    .map(([key]) => key)
    .sort();
}
