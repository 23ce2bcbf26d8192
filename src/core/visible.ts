import type { Checkup, HostBalance, HostFlows, HostLive } from '../contract/answers.ts';
import type { HostReport } from '../contract/report.ts';
import { bridgeName, vxlanName } from './names.ts';

/** Who asks, as its session proved it. */
export interface Asker {
  readonly node: string;
  /** Where its session comes from. */
  readonly address: string;
  /** Whether its certificate is a manager's; true of whoever has a pre-shared key. */
  readonly manager: boolean;
  /** A secret that only it and this host know, of the session by which it asks; others for each context. */
  readonly secret?: (context: string) => string;
}

/**
 * The networks of this host that another host may be told of, by Docker's id: those that both have. A
 * manager may know all, as it does by its Engine.
 */
export type Scope = 'all' | ReadonlySet<string>;

/** What a host is told that asks for more than a report and shares no network with this one. */
export const NOT_SHARED = 'it answers managers, and hosts that have a network in common with it';

const HIDDEN = 'what it is, managers are told';

/** Of the whole answer, what is not of one network: the names of other networks may be in it. */
const seesAll = (networks: HostReport['networks'], scope: Scope): boolean =>
  scope === 'all' || networks.every((it) => scope.has(it.id));

/** A report without the networks that the asker does not have. */
export function visibleReport(report: HostReport, scope: Scope): HostReport {
  if (scope === 'all' || seesAll(report.networks, scope)) return report;
  const { lastChange: _, conflicts: _told, faults = [], wireguard, ...rest } = report;
  const peers = report.peers
    .map((it) => ({ ...it, networks: it.networks.filter((id) => scope.has(id)) }))
    .filter((it) => it.networks.length > 0);
  return {
    ...rest,
    // That something is amiss, it may know; the words name containers and networks.
    ...(faults.length === 0 ? {} : { faults: faults.map((it) => ({ ...it, what: HIDDEN })) }),
    // With whom it shares other networks is not theirs to know.
    ...(wireguard === undefined ? {} : { wireguard: { ...wireguard, peers: [] } }),
    peers,
    networks: report.networks.filter((it) => scope.has(it.id)),
  };
}

/** Of what was measured, the traffic of the networks that the asker has too. */
export function visibleFlows(flows: HostFlows, report: HostReport, scope: Scope): HostFlows {
  if (scope === 'all') return flows;
  const { dropped, ...rest } = flows;
  const { ports, vnis } = placesOf(report, scope);
  return {
    ...rest,
    flows: flows.flows.filter((it) => ports.has(it.port)),
    ...(dropped === undefined ? {} : { dropped: dropped.filter((it) => vnis.has(it.vni)) }),
  };
}

/** Of the services, those of the networks that the asker has too. */
export function visibleBalance({ services, counts }: HostBalance, scope: Scope): HostBalance {
  if (scope === 'all') return { services, counts };
  const seen = services.filter((it) => scope.has(it.network));
  const vips = new Set(seen.map((it) => it.vip));
  return { services: seen, counts: counts.filter((it) => vips.has(it.vip)) };
}

/** As the above together; events are a manager's to see, for they name what they are about. */
export function visibleLive(live: HostLive, scope: Scope): HostLive {
  if (scope === 'all') return live;
  const { ports, vnis } = placesOf(live.report, scope);
  const { devices, flows, dropped, at, fastPath } = live.traffic;
  const devs = new Set([
    ...ports,
    ...[...vnis].flatMap((it) => [bridgeName(it), vxlanName(it), vxlanName(it, true)]),
  ]);
  return {
    name: live.name,
    report: visibleReport(live.report, scope),
    traffic: {
      at,
      devices: devices.filter((it) => devs.has(it.dev)),
      flows: flows.filter((it) => ports.has(it.port)),
      dropped: dropped.filter((it) => vnis.has(it.vni)),
      ...(fastPath && {
        fastPath: {
          hosts: fastPath.hosts.filter((it) => vnis.has(it.vni)),
          packets: [],
          dropped: [],
        },
      }),
    },
    events: [],
  };
}

/** A closer look, as far as it is about networks that the asker has too. */
export function visibleCheckup(checkup: Checkup, scope: Scope): Checkup {
  if (scope === 'all' || seesAll(checkup.report.networks, scope)) return checkup;
  const { endpoints } = placesOf(checkup.report, scope);
  return {
    ...checkup,
    report: visibleReport(checkup.report, scope),
    // That there is something to do, it may know; the steps name addresses of other networks.
    plan: checkup.plan.map(() => HIDDEN),
    routes: checkup.routes.filter((it) => endpoints.has(it.endpoint)),
  };
}

function placesOf({ networks }: HostReport, scope: Exclude<Scope, 'all'>) {
  const seen = networks.filter((it) => scope.has(it.id));
  const endpoints = seen.flatMap((it) => it.endpoints);
  return {
    vnis: new Set(seen.map((it) => it.vni)),
    ports: new Set(endpoints.map((it) => it.port)),
    endpoints: new Set(endpoints.map((it) => it.id)),
  };
}
