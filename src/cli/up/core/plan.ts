import type { HostFacts } from './facts.ts';
import { wantedManagers } from './managers.ts';
import { differing } from './plugin-problems.ts';
import { leadOf } from './swarm-problems.ts';
import { buildFor, PLUGIN, type Release, type Wanted } from './wanted.ts';

export type Step =
  | { readonly do: 'install'; readonly host: string; readonly settings: Settings }
  | { readonly do: 'enable'; readonly host: string; readonly settings: Settings }
  | {
      readonly do: 'upgrade';
      readonly host: string;
      readonly settings: Settings;
      /** The version that is there. */
      readonly from: string;
    }
  | { readonly do: 'init'; readonly host: string }
  | { readonly do: 'join'; readonly host: string; readonly role: 'manager' | 'worker' }
  | { readonly do: 'promote'; readonly host: string }
  | {
      readonly do: 'network';
      readonly host: string;
      readonly name: string;
      readonly options: Settings;
    };

type Settings = Readonly<Record<string, string>>;

/** Steps of one kind. One stage begins when the one before is done. */
export interface Stage {
  readonly title: string;
  /** One after another, and none after one that failed; else side by side. */
  readonly inTurn: boolean;
  readonly steps: readonly Step[];
}

/**
 * The steps from what is to what is wanted, for hosts without problems; none when nothing is to be done.
 * The plugin comes before the Swarm: a node tells its managers of a plugin it has at once when it joins,
 * of a new one only some 20 s later.
 */
export function planUp(facts: readonly HostFacts[], wanted: Wanted, release: Release): Stage[] {
  const stages: Stage[] = [
    {
      title: 'The plugin',
      inTurn: false,
      steps: facts.flatMap((it) => plugin(it, wanted, release)),
    },
    { title: 'Upgrade', inTurn: true, steps: facts.flatMap((it) => upgrade(it, wanted, release)) },
    ...swarm(facts),
    { title: 'Network', inTurn: false, steps: network(facts, wanted) },
  ];
  return stages.filter((it) => it.steps.length > 0);
}

/** Docker's data root is where the plugin finds its Swarm's certificates. */
function settingsFor({ docker }: HostFacts, { settings }: Wanted): Settings {
  const source = `${docker.dataRoot}/swarm`;
  return source === '/var/lib/docker/swarm' ? settings : { 'swarm.source': source, ...settings };
}

function plugin(facts: HostFacts, wanted: Wanted, release: Release): Step[] {
  const { host, plugin: now } = facts;
  const settings = settingsFor(facts, wanted);
  if (now === undefined) return [{ do: 'install', host, settings }];
  // Made but not started: an earlier run was cut short.
  if (!now.enabled && now.build === buildFor(release, facts))
    return [{ do: 'enable', host, settings }];
  return [];
}

function upgrade(facts: HostFacts, wanted: Wanted, release: Release): Step[] {
  const { host, plugin: now } = facts;
  if (now === undefined || !wanted.upgrade) return [];
  const settings = settingsFor(facts, wanted);
  const isOther = now.build !== buildFor(release, facts);
  if (!isOther && (!now.enabled || differing(now, settings).length === 0)) return [];
  return [{ do: 'upgrade', host, settings, from: now.version ?? 'unknown' }];
}

function swarm(facts: readonly HostFacts[]): Stage[] {
  const lead = leadOf(facts) ?? (facts[0] as HostFacts);
  const managers = wantedManagers(facts);
  const isMember = (it: HostFacts) => it.swarm.state === 'active';
  const init: Step[] = isMember(lead) ? [] : [{ do: 'init', host: lead.host }];
  const joins = facts
    .filter((it) => it !== lead && !isMember(it))
    .map(
      ({ host }): Step => ({ do: 'join', host, role: managers.has(host) ? 'manager' : 'worker' }),
    );
  const promotes = facts
    .filter((it) => it !== lead && isMember(it) && !it.swarm.manager && managers.has(it.host))
    .map(({ host }): Step => ({ do: 'promote', host }));
  return [
    { title: 'Swarm', inTurn: false, steps: init },
    { title: 'Nodes', inTurn: false, steps: joins },
    { title: 'Managers', inTurn: true, steps: promotes },
  ];
}

function network(facts: readonly HostFacts[], { network: wanted }: Wanted): Step[] {
  if (wanted === undefined) return [];
  const lead = leadOf(facts) ?? (facts[0] as HostFacts);
  const there = leadOf(facts)?.networks.some(
    (it) => it.name === wanted.name && it.driver === PLUGIN,
  );
  return there ? [] : [{ do: 'network', host: lead.host, ...wanted }];
}

/** A step in a person's words. */
export function stepText(step: Step): string {
  const withSettings = (settings: Settings): string => {
    const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    return pairs.length === 0 ? '' : ` with ${pairs.join(' ')}`;
  };
  switch (step.do) {
    case 'install':
      return `${step.host}: install ${PLUGIN}${withSettings(step.settings)}`;
    case 'enable':
      return `${step.host}: start ${PLUGIN}, which is installed but stopped`;
    case 'upgrade':
      return `${step.host}: upgrade castnet ${step.from}${withSettings(step.settings)}, then wait until it is well`;
    case 'init':
      return `${step.host}: start a Swarm, as its first manager`;
    case 'join':
      return `${step.host}: join the Swarm as a ${step.role}`;
    case 'promote':
      return `${step.host}: become a manager`;
    case 'network':
      return `make the network ${step.name}${withSettings(step.options)}`;
  }
}
