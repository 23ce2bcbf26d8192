import type { State } from './agent/state.ts';
import { understood } from './api/answers.ts';
import type { Checkup, MulticastRoute } from './contract/answers.ts';
import { ANSWERS } from './contract/answers.ts';
import type { HostReport } from './contract/report.ts';
import type { HostCheckup, SwarmCheckup } from './core/diagnosis/checkup.ts';
import { hostVxlans, multicastRoute } from './kernel/checkup.ts';
import { cardsUnder } from './kernel/network-cards.ts';
import { hostAddresses, routeTo } from './kernel/routes.ts';

/** What a checkup needs of the agent. */
export interface Examined {
  report(): HostReport;
  plan(): Promise<string[]>;
  /** Tries sessions with hosts, network or not. */
  addPeers(addresses: readonly string[]): Promise<void>;
  askPeers(
    what: string,
    args: unknown,
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
  const own = async (): Promise<Checkup> => {
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
  const meet = async (hosts: unknown): Promise<void> => {
    const addresses = (Array.isArray(hosts) ? hosts : [])
      .filter((it): it is string => typeof it === 'string')
      .slice(0, MAX_HOSTS);
    await examined.addPeers(addresses);
    const end = performance.now() + CONNECT_MS;
    const settled = () =>
      examined.report().peers.every((it) => it.state === 'up' || it.fault !== undefined);
    while (!settled() && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  return {
    /** @returns undefined for a question that is not about checkups */
    answer(what: string, args: unknown): Promise<Checkup> | undefined {
      if (what !== CHECKUP) return undefined;
      return meet((args as { hosts?: unknown } | null)?.hosts).then(own);
    },
    /**
     * Has every host look closer, and try a session with every other.
     * @param hosts addresses of the Swarm's hosts, as far as they are known
     */
    async all(hosts: readonly string[]): Promise<SwarmCheckup> {
      await meet(hosts);
      const began = Date.now();
      const [mine, others] = await Promise.all([own(), examined.askPeers(CHECKUP, { hosts })]);
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
