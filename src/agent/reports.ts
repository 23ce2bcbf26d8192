import type { HostBalance } from '../contract/answers.ts';
import type { HostReport, SwarmReport } from '../contract/report.ts';
import { Absences } from './absences.ts';
import type { Discovery } from './discovery.ts';
import type { Encryption } from './encryption.ts';
import type { Exposures } from './exposures.ts';
import type { FastPath } from './fast-path.ts';
import type { Faults } from './faults.ts';
import type { Forwarding } from './forwarding.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import { inShort, noteLacks, outOfSight } from './lacks.ts';
import type { Log } from './log.ts';
import { Refusals } from './refusals.ts';
import { hostReport } from './reporting.ts';
import type { SendLimits } from './send-limits.ts';
import type { ServiceRules } from './service-rules.ts';
import type { SwarmPort } from './swarm-port.ts';
import type { TunnelGuard } from './tunnel-guard.ts';

/** Sentences about what hosts say that cannot be so. */
const CONFLICTS_TOLD = 100;

export interface ReportsOptions {
  readonly host: Host;
  readonly forwarding: Forwarding;
  readonly services: ServiceRules;
  readonly guard: Guard;
  readonly tunnelGuard: TunnelGuard;
  readonly encryption: Encryption;
  readonly discovery: Discovery;
  readonly exposures: Pick<Exposures, 'lacking'>;
  readonly sendLimits: SendLimits;
  readonly swarmPort: SwarmPort;
  readonly fastPath: FastPath;
  readonly faults: Faults;
  /** What this host's Swarm certificate says; undefined outside a Swarm. */
  readonly certificate: () => SwarmReport | undefined;
  /** TCP port of the sessions, the same on all hosts. */
  readonly peerPort: number;
  /** The agent's own version. */
  readonly version: string;
  readonly log: Log;
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly timeOfDay: () => number;
}

/** What people, their tools and the log are told of this host. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #refusals: Refusals;
  readonly #absences: Absences;
  /** Milliseconds since 1970. */
  readonly #startedAt: number;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.log, options.now);
    this.#absences = new Absences({
      now: options.now,
      answeredAt: (network) => options.host.admission.answeredAt(network),
    });
    this.#startedAt = options.timeOfDay();
    options.host.when(['peers', 'record'], () => this.#refusals.noteSoon(() => this.report()));
  }

  /** Everything a person may want to know of this host, as of now. */
  report(): HostReport {
    this.noteLacks();
    const { host, forwarding, services, tunnelGuard, encryption, swarmPort, faults, fastPath } =
      this.#options;
    const { version, peerPort, timeOfDay } = this.#options;
    const swarm = this.#options.certificate();
    const dataPathPort = swarmPort.known;
    const { lastChange, refused } = forwarding.reconciler;
    return hostReport(host.knowledge(), {
      conflicts: [...services.view.conflicts(), ...forwarding.conflicts()].slice(0, CONFLICTS_TOLD),
      agent: version,
      peerPort,
      ...(dataPathPort === undefined ? {} : { dataPathPort }),
      now: timeOfDay(),
      startedAt: this.#startedAt,
      ...(swarm === undefined ? {} : { swarm }),
      ...(lastChange === undefined ? {} : { lastChange }),
      refusedSteps: refused,
      tunnelDropped: tunnelGuard.dropped,
      wireguard: encryption.report(),
      problem: host.link.error || host.noTunnel || tunnelGuard.loop.problem,
      faults: faults.current(),
      fastPath,
      isQuiet: (address) => host.unlistedPeers.isQuiet(address),
    });
  }

  /** The services of this host's networks, and what its containers sent to them. */
  async balance(): Promise<HostBalance> {
    const { view, balancer } = this.#options.services;
    return { services: view.services(), counts: await balancer.counts() };
  }

  /** Takes note of everything that the parts of the agent lack now. */
  noteLacks(): void {
    const { host, forwarding, services, guard, tunnelGuard, faults } = this.#options;
    const { discovery, exposures, sendLimits } = this.#options;
    const { encryption } = this.#options;
    const peers = host.link.sessions?.views() ?? [];
    const sandboxes = [...host.state.endpoints.values()].flatMap((it) => it.sandbox ?? []);
    noteLacks(faults, {
      namespaces: outOfSight(sandboxes),
      rules: inShort(services.balancer.lacking().map((it) => `${it.sandbox}: ${it.reason}`)),
      routes: inShort(discovery.lacking()),
      exposed: inShort(exposures.lacking()),
      'send-limits': inShort(sendLimits.lacking()),
      records: inShort(peers.flatMap((it) => it.refused ?? [])),
      hosts: inShort(this.#absences.look(host.knowledge())),
      guards: guard.loop.problem || guard.loop.unread,
      kernel: forwarding.reconciler.loop.unread,
      forwarding: forwarding.reconciler.loop.problem,
      strangers: tunnelGuard.dropping,
      encryption: inShort(encryption.lacking()),
      'fast-path': this.#options.fastPath.lacking,
    });
  }

  close(): void {
    this.#refusals.close();
  }
}
