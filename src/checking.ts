import type { State } from './agent/state.ts';
import { type AskPeers, askAll, type Silent } from './api/answers.ts';
import type { Checkup, MulticastRoute } from './contract/answers.ts';
import { ANSWERS } from './contract/answers.ts';
import type { HostReport } from './contract/report.ts';
import { brief } from './core/brief.ts';
import type { HostCheckup } from './core/diagnosis/checkup.ts';
import { type Asker, NOT_SHARED, type Scope, visibleCheckup } from './core/visible.ts';
import { hostVxlans, multicastRoute } from './kernel/checkup.ts';
import { cardsUnder } from './kernel/network-cards.ts';
import { hostAddresses, routesTo } from './kernel/routes.ts';

/** What a checkup needs of the agent. */
export interface Examined {
  report(): HostReport;
  plan(): Promise<string[]>;
  /** Tries sessions with hosts, network or not. */
  addPeers(addresses: readonly string[]): Promise<void>;
  /** Which of the addresses that another host names are tried. */
  granted(addresses: readonly string[], by: Asker): string[];
  readonly askPeers: AskPeers;
  readonly state: Pick<State, 'endpoints'>;
}

/** What all hosts see that look closer. */
export interface SwarmLook {
  readonly own: HostCheckup;
  /** @returns the hosts that did not answer */
  askOthers(take: (it: HostCheckup) => unknown): Promise<readonly Silent[]>;
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
      const isBrief = (args as { brief?: unknown } | null)?.brief === true;
      return meet(hosts).then(async () => {
        const found = visibleCheckup(await own(), scope);
        return isBrief ? brief(found) : found;
      });
    },
    /**
     * Has every host look closer, and try a session with every other.
     * @param hosts addresses of the Swarm's hosts, as far as they are known
     * @returns this host's, and what asks the others, whose looks are handed over as they come
     */
    async all(hosts: readonly string[]): Promise<SwarmLook> {
      await meet(hosts);
      const { swarm, peers } = examined.report();
      const sharing = new Set(peers.flatMap((it) => (it.networks.length > 0 ? it.address : [])));
      // Others tell a worker nothing: whether there is a session with them, this host knows.
      const among = (it: string) => swarm?.role !== 'worker' || sharing.has(it);
      const args = { hosts, brief: true };
      const question = { what: CHECKUP, args, among, takesTime: true, schema: ANSWERS.checkup };
      return {
        own: { ...(await own()), clockAheadMs: 0 },
        askOthers(take) {
          const began = Date.now();
          return askAll(examined.askPeers, question, (it) => {
            // It looked at its clock at some moment between question and answer.
            const { now } = it.report;
            const clockAheadMs = now < began ? now - began : Math.max(0, now - Date.now());
            return take({ ...it, clockAheadMs });
          });
        },
      };
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
  const ways = (await routesTo(ends)).map((it) => it.interface);
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
