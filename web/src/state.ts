/** What the page knows and what its user has chosen, as signals that the components read. */
import { computed, effect, signal } from '@preact/signals';
import type { ServiceRow } from '../../src/contract/commands.ts';
import {
  type DashboardMessages,
  EMPTY_HISTORY,
  extended,
  groupKey,
  type History,
  type SwarmEvent,
} from '../../src/core/views/dashboard.ts';
import type { GroupView, SwarmView } from '../../src/core/views/swarm-view.ts';

export const EMPTY_VIEW: SwarmView = { hosts: [], networks: [], containers: [], groups: [] };

export const view = signal<SwarmView>(EMPTY_VIEW);
/** Whether a first view has come. */
export const arrived = signal(false);
export const history = signal<History>(EMPTY_HISTORY);
export const services = signal<readonly ServiceRow[]>([]);
export const events = signal<readonly SwarmEvent[]>([]);
/** Why nothing new comes; empty while it does. */
export const trouble = signal('Connecting…');
export const paused = signal(false);

/** What is looked at: by names, which stay when places in the lists change. */
export type Selection =
  | { readonly kind: 'group'; readonly key: string }
  | { readonly kind: 'container'; readonly key: string }
  | { readonly kind: 'host'; readonly key: string };

export const selection = signal<Selection | undefined>(undefined);
/** Only this network is lit; undefined: all. */
export const onlyNetwork = signal<string | undefined>(undefined);
/** What is searched for, in groups and containers. */
export const query = signal('');

/** A second click on what is selected lets go of it. */
export function choose(next: Selection): void {
  const now = selection.value;
  selection.value = now?.kind === next.kind && now.key === next.key ? undefined : next;
}

export const networkName = (at: number): string => view.value.networks[at]?.name ?? '';

export const keyOfGroup = (it: GroupView): string => groupKey(networkName(it.network), it.group);

export function keyOfContainer(at: number, of: SwarmView = view.value): string {
  const it = of.containers[at];
  if (it === undefined) return '';
  return `${of.hosts[it.host]?.address} ${of.networks[it.network]?.name} ${it.address} ${it.name}`;
}

const matches = (...texts: string[]): boolean => {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = texts.join(' ').toLowerCase();
  return words.every((it) => text.includes(it));
};

/** The groups that the filter and the search leave, busiest first. */
export const groups = computed(() => {
  const { groups: all, containers, hosts } = view.value;
  const named = (at: number) => {
    const it = containers[at];
    return it === undefined ? '' : `${it.name} ${it.address} ${hosts[it.host]?.name}`;
  };
  return all
    .filter((it) => {
      const network = networkName(it.network);
      if (onlyNetwork.value !== undefined && network !== onlyNetwork.value) return false;
      if (query.value === '') return true;
      return matches(it.group, network, ...[...it.members, ...it.senders].map(named));
    })
    .sort((a, b) => b.bytes - a.bytes || b.members.length - a.members.length);
});

/** The places of the containers that the filter and the search leave. */
export const containers = computed(() =>
  view.value.containers.flatMap((it, at) => {
    const network = networkName(it.network);
    if (onlyNetwork.value !== undefined && network !== onlyNetwork.value) return [];
    const host = view.value.hosts[it.host];
    const found = matches(it.name, it.address, it.mac, network, host?.name ?? '', it.service ?? '');
    return found ? [at] : [];
  }),
);

const EVENTS_KEPT = 500;

/**
 * Follows the server; a lost connection comes again by itself. After a pause it connects anew, since
 * the server tells everything that was missed to whoever comes.
 */
export function follow(): void {
  let source: EventSource | undefined;
  effect(() => {
    if (paused.value) return;
    source?.close();
    source = connect();
  });
}

function connect(): EventSource {
  const source = new EventSource('/api/feed');
  const on = <Name extends keyof DashboardMessages>(
    name: Name,
    take: (data: DashboardMessages[Name]) => void,
  ): void => {
    source.addEventListener(name, (message) => {
      if (!paused.peek()) take(JSON.parse((message as MessageEvent<string>).data));
    });
  };
  on('view', (data) => {
    view.value = data.view;
    // The one that is told on connecting is in the history already.
    if (data.at > (history.value.at.at(-1) ?? 0)) history.value = extended(history.value, data);
    arrived.value = true;
    trouble.value = '';
  });
  on('history', (data) => {
    history.value = data;
  });
  on('services', (data) => {
    services.value = data;
  });
  on('events', (data) => {
    const known = new Set(events.value.map((it) => it.id));
    const fresh = data.filter((it) => !known.has(it.id));
    events.value = [...events.value, ...fresh].slice(-EVENTS_KEPT);
  });
  on('trouble', (data) => {
    trouble.value = data;
  });
  source.addEventListener('error', () => {
    trouble.value = 'castnet dashboard does not answer. Is it still running?';
  });
  return source;
}
