import { UserError } from '../output.ts';
import type { Architecture } from '../plugin/architecture.ts';
import type { HostFacts, Problem } from './core/facts.ts';
import { buildFor, type Release } from './core/wanted.ts';
import { bring, stagedAt, UNSTAGE } from './hosts/bring.ts';
import { Helper } from './hosts/helper.ts';
import type { Host } from './hosts/host.ts';

/** A host that was looked at, and castnet's helper on it. */
export interface Member {
  readonly host: Host;
  readonly facts: HostFacts;
  readonly helper: Helper;
  /** Where the plugin's programs are on the host. */
  readonly rootfs: string;
}

/** @throws Error for a name that is not among them */
export function memberOf(members: readonly Member[], name: string): Member {
  const found = members.find((it) => it.host.name === name);
  if (found === undefined) throw new Error(`no host ${name} was looked at`);
  return found;
}

/** Whether the plugin's files must be brought, to make the plugin or to try the host. */
export function needsFiles(facts: HostFacts, release: Release, upgrade: boolean): boolean {
  const { plugin, staged } = facts;
  const build = buildFor(release, facts);
  if (staged === build) return false;
  if (plugin?.rootfs === undefined) return true;
  return upgrade && plugin.build !== build;
}

export interface OpenInput {
  readonly host: Host;
  readonly facts: HostFacts;
  readonly release: Release;
  readonly upgrade: boolean;
  /** Told when files are on their way. */
  readonly onBring?: () => void;
}

/** Brings the plugin's files where they are needed, and starts the helper with them. */
export async function openMember(input: OpenInput): Promise<Member | Problem> {
  const { host, facts, release, upgrade, onBring } = input;
  const build = buildFor(release, facts) ?? '';
  if (needsFiles(facts, release, upgrade)) {
    onBring?.();
    const architecture = facts.docker.architecture as Architecture;
    const problem = await bring(host, { build, architecture });
    if (problem !== undefined) return problem;
  }
  const rootfs = facts.plugin?.rootfs ?? `${stagedAt(build)}/rootfs`;
  try {
    return { host, facts, rootfs, helper: await Helper.start(host, rootfs) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message: what, hint: remedy = '' } = error;
    return { code: 'unreachable', host: host.name, what, remedy };
  }
}

/** Takes what was brought from every host; what cannot be reached keeps it. */
export async function unstage(hosts: readonly Host[]): Promise<void> {
  const flags = { timeoutMs: 20_000, evenIfInterrupted: true };
  await Promise.all(hosts.map((it) => it.run(UNSTAGE, flags).catch(() => {})));
}
