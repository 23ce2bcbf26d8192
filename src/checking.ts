import type { State } from './agent/state.ts';
import { understood } from './api/answers.ts';
import type { Checkup, MulticastRoute } from './contract/answers.ts';
import { ANSWERS } from './contract/answers.ts';
import type { HostReport } from './contract/report.ts';
import type { HostCheckup, SwarmCheckup } from './core/diagnosis/checkup.ts';
import { type Asker, NOT_SHARED, type Scope, visibleCheckup } from './core/visible.ts';
import { hostVxlans, multicastRoute } from './kernel/checkup.ts';
import { cardsUnder } from './kernel/network-cards.ts';
import { hostAddresses, routeTo } from './kernel/routes.ts';

/** What a checkup needs of the agent. */
export interface Examined {
  report(): HostReport;
  plan(): Promise<string[]>;
  /** Tries sessions with hosts, network or not. */
  addPeers(addresses: readonly string[]): Promise<void>;
  /** Which of the addresses that another host names are tried. */
  granted(addresses: readonly string[], by: Asker): string[];
  askPeers(
    what: string,
    args: unknown,
    among?: (address: string) => boolean,
  ): Promise<{ address: string; answer?: unknown; error?: string }[]>;
  readonly state: Pick<State, 'endpoints'>;
}

/** The question by which hosts ask each other for a checkup. */
export const CHECKUP = 'checkup';

/** A session with a host that is well comes about within this time, milliseconds. */
const CONNECT_MS = 2_500;
const LOOK_EVERY_MS = 50;
/** Namespaces entered at one time. */
const AT_ONCE = 8;
/** Hosts that one question may name. */
const MAX_HOSTS = 1024;

/** Looks closer at this host, and at all. */
export function openCheckups(examined: Examined) {
  let looking: Promise<Checkup> | undefined;
  /** However many ask, one look at a time: it enters every container that has a route to have. */
  const own = (): Promise<Checkup> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const look = async (): Promise<Checkup> => {
    const report = examined.report();
    const [plan, vxlans, routes, ways] = await Promise.all([
      examined.plan(),
      hostVxlans(),
      multicastRoutes(examined.state),
      tunnelInterfaces(report),
    ]);
    const cards = cardsUnder(ways);
    return { version: 1, report: examined.report(), plan, vxlans, routes, cards };
  };
  const meet = async (hosts: readonly string[]): Promise<void> => {
    await examined.addPeers(hosts);
    const end = performance.now() + CONNECT_MS;
    const settled = () =>
      examined.report().peers.every((it) => it.state === 'up' || it.fault !== undefined);
    while (!settled() && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  return {
    /**
     * Answers another host: a manager, or one that shares a network, as far as it shares them.
     * @returns undefined for a question that is not about checkups
     */
    answer(what: string, args: unknown, by: Asker & { scope: Scope }) {
      if (what !== CHECKUP) return undefined;
      const { scope } = by;
      if (scope !== 'all' && scope.size === 0) return Promise.reject(new Error(NOT_SHARED));
      const hosts = examined.granted(namedIn(args), by);
      return meet(hosts).then(async () => visibleCheckup(await own(), scope));
    },
    /**
     * Has every host look closer, and try a session with every other.
     * @param hosts addresses of the Swarm's hosts, as far as they are known
     */
    async all(hosts: readonly string[]): Promise<SwarmCheckup> {
      await meet(hosts);
      const began = Date.now();
      const { swarm, peers } = examined.report();
      const sharing = new Set(peers.flatMap((it) => (it.networks.length > 0 ? it.address : [])));
      // Others tell a worker nothing: whether there is a session with them, this host knows.
      const among = (it: string) => swarm?.role !== 'worker' || sharing.has(it);
      const [mine, others] = await Promise.all([
        own(),
        examined.askPeers(CHECKUP, { hosts }, among),
      ]);
      const ended = Date.now();
      const { answers, silent } = understood(others, ANSWERS.checkup);
      const hostsAsked = answers.map((it): HostCheckup => {
        // It looked at its clock at some moment between question and answer.
        const { now } = it.report;
        const clockAheadMs = now < began ? now - began : Math.max(0, now - ended);
        return { ...it, clockAheadMs };
      });
      return { version: 1, hosts: [{ ...mine, clockAheadMs: 0 }, ...hostsAsked], silent };
    },
  };
}

function namedIn(args: unknown): string[] {
  const hosts = (args as { hosts?: unknown } | null)?.hosts;
  return (Array.isArray(hosts) ? hosts.slice(0, MAX_HOSTS) : []).filter(
    (it): it is string => typeof it === 'string',
  );
}

/** The interfaces by which tunnels leave; without other hosts, that which has the tunnels' address. */
async function tunnelInterfaces({ peers, tunnel }: HostReport): Promise<Set<string>> {
  const ends = [...new Set(peers.flatMap((it) => it.tunnel ?? []))].slice(0, MAX_HOSTS);
  const routes = await Promise.all(ends.map(routeTo));
  const ways = routes.flatMap((it) => it?.interface ?? []);
  if (ways.length > 0 || tunnel === undefined) return new Set(ways);
  const holder = (await hostAddresses()).get(tunnel.local ?? tunnel.address);
  return new Set(holder === undefined ? [] : [holder.interface]);
}

/** The routes of all containers that are to have one. */
async function multicastRoutes(state: Pick<State, 'endpoints'>): Promise<MulticastRoute[]> {
  const wanted = [...state.endpoints.values()].filter(
    (it) => it.carriesMulticast === true && it.sandbox !== undefined,
  );
  const found: MulticastRoute[] = [];
  const next = async (): Promise<void> => {
    for (let it = wanted.pop(); it !== undefined; it = wanted.pop()) {
      const state = await multicastRoute(it.sandbox ?? '', it.mac);
      const { id: endpoint, address } = it;
      found.push({ endpoint, address, ...state });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return found.sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1));
}
