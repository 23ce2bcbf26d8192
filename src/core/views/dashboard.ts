import type { HostEvent } from '../../contract/answers.ts';
import type { ServiceRow } from '../../contract/commands.ts';
import type { SwarmView } from './swarm-view.ts';

/** What the dashboard's server tells its page, as events of these names. */
export interface DashboardMessages {
  /** The state of the Swarm, each two seconds. */
  view: {
    /** Milliseconds since 1970. */
    readonly at: number;
    /** False for a first look, which has nothing to compare with: its rates are all 0. */
    readonly hasRates: boolean;
    readonly view: SwarmView;
  };
  /** What was before the page came. */
  history: History;
  /** Virtual addresses and their tasks. */
  services: readonly ServiceRow[];
  /** New lines of the agents' logs, oldest first. */
  events: readonly SwarmEvent[];
  /** Why nothing new can be said; empty once it can. */
  trouble: string;
}

export interface SwarmEvent extends HostEvent {
  /** Name of its host. */
  readonly host: string;
}

/** Bytes per second over time; a series has null where it was not there. */
export interface History {
  /** Milliseconds since 1970. */
  readonly at: readonly number[];
  /** By name. */
  readonly networks: Readonly<Record<string, readonly (number | null)[]>>;
  /** By `NETWORK GROUP`. */
  readonly groups: Readonly<Record<string, readonly (number | null)[]>>;
}

export const groupKey = (network: string, group: string): string => `${network} ${group}`;

/** Points kept: five minutes of one each two seconds. */
export const HISTORY_POINTS = 150;

export const EMPTY_HISTORY: History = { at: [], networks: {}, groups: {} };

/** The history with one more point; the oldest goes, and a series of which no value is left. */
export function extended(history: History, look: DashboardMessages['view']): History {
  const { at, view, hasRates } = look;
  if (!hasRates) return history;
  const networks = view.networks.map((it) => [it.name, it.bytes] as const);
  const groups = view.groups.map((it) => {
    const network = view.networks[it.network]?.name ?? '';
    return [groupKey(network, it.group), it.bytes] as const;
  });
  const times = [...history.at, at];
  const drop = Math.max(0, times.length - HISTORY_POINTS);
  const series = (old: History['networks'], now: readonly (readonly [string, number])[]) => {
    const latest = new Map(now);
    const names = new Set([...Object.keys(old), ...latest.keys()]);
    const all = [...names].map((name) => {
      const before = old[name] ?? history.at.map(() => null);
      return [name, [...before, latest.get(name) ?? null].slice(drop)] as const;
    });
    return Object.fromEntries(all.filter(([, values]) => values.some((it) => it !== null)));
  };
  return {
    at: times.slice(drop),
    networks: series(history.networks, networks),
    groups: series(history.groups, groups),
  };
}
