import type { HostReport } from '../../../contract/report.ts';
import { health } from '../../../core/diagnosis/health.ts';
import { installPlugin, upgradePlugin } from '../../plugin/install.ts';
import type { PluginSource } from '../../plugin/source.ts';
import { buildFor, PLUGIN, type Release } from '../core/wanted.ts';
import { stagedAt } from '../hosts/bring.ts';
import { dockerOn } from '../hosts/docker.ts';
import type { Member } from '../session.ts';
import { castnet } from './agent.ts';
import { until } from './until.ts';

/** Milliseconds; an agent that starts reads its kernel first, and waits for its peers. */
const WELL_MS = 60_000;

export interface PluginInput {
  readonly member: Member;
  readonly settings: Readonly<Record<string, string>>;
  readonly release: Release;
  readonly onProgress: (text: string) => void;
}

function optionsOf({ member, settings, release, onProgress }: PluginInput) {
  const build = buildFor(release, member.facts) ?? '';
  const source: PluginSource = {
    ...{ version: release.version, build, directory: stagedAt(build) },
    // It stays until the whole run is done.
    dispose: async () => {},
  };
  return {
    name: PLUGIN,
    docker: dockerOn(member.host),
    settings,
    onProgress,
    open: async () => source,
  };
}

/** Makes the plugin of the files that were brought, and starts it. */
export async function install(input: PluginInput): Promise<void> {
  await installPlugin(optionsOf(input)).catch((error: Error) => {
    // An earlier run was killed, and the docker command that it had started there went on.
    if (!/already exists/i.test(error.message)) throw error;
    return replace(input);
  });
}

/** Puts it in the place of what is there; also what an earlier run left half made. */
export async function replace(input: PluginInput): Promise<void> {
  await upgradePlugin(optionsOf(input));
}

/**
 * Upgrades one host, and waits until its agent is as well as it was before.
 * @param upBefore how many sessions it had
 */
export async function upgrade(
  input: PluginInput,
  { upBefore, signal }: { upBefore: number; signal?: AbortSignal | undefined },
): Promise<void> {
  await replace(input);
  const { member } = input;
  input.onProgress('Waiting until it is well');
  await until(() => unwell(member, upBefore), {
    what: `castnet on ${member.host.name} is well after the upgrade`,
    timeoutMs: WELL_MS,
    hint: `No other host was upgraded after it. On ${member.host.name}: castnet status, castnet doctor, journalctl -u docker | grep plugin=`,
    signal,
  });
}

/** How many sessions with others a host's agent has; none when it does not answer. */
export async function sessionsUp(member: Member): Promise<number> {
  const report = await castnet<HostReport>(member, 'GET', '/v1/host').catch(() => undefined);
  return report?.peers.filter((it) => it.state === 'up').length ?? 0;
}

async function unwell(member: Member, upBefore: number): Promise<string | undefined> {
  const report = await castnet<HostReport>(member, 'GET', '/v1/host').catch(
    (error: Error) => error,
  );
  if (report instanceof Error) return report.message;
  const [error] = health(report).filter((it) => it.severity === 'error');
  if (error !== undefined) return error.what;
  const up = report.peers.filter((it) => it.state === 'up').length;
  return up < upBefore ? `it has ${up} sessions of ${upBefore}` : undefined;
}
