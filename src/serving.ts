import { hostname } from 'node:os';
import type { Agent } from './agent/agent.ts';
import type { Faults } from './agent/faults.ts';
import type { Log } from './agent/log.ts';
import { localApi, metricsApi, type Reporter } from './api/api.ts';
import { checkupApi } from './api/checkup.ts';
import { controlApi } from './api/control.ts';
import type { Events } from './api/events.ts';
import { exposeApi } from './api/expose.ts';
import type { Metrics } from './api/metrics.ts';
import { probeApi } from './api/probe.ts';
import type { openCheckups } from './checking.ts';
import type { Config } from './config.ts';
import { GUARD_TABLE } from './core/rules/guards.ts';
import { openCounting } from './counting.ts';
import type { Exposing } from './exposing.ts';
import { refusedPackets } from './kernel/refused.ts';
import type { openLog } from './log.ts';
import type { Probing } from './probing.ts';
import { askPeers } from './sessions.ts';
import { type Listener, listenAt, listenAtPort } from './system/listen.ts';

export interface ReporterOptions {
  readonly agent: Agent;
  readonly events: Events;
  readonly metrics: Metrics;
  /** When this host's certificate expires, milliseconds since 1970. */
  readonly certificateExpires: () => number | undefined;
}

/** What the agent tells people, their tools and other hosts. */
export function openReporter(options: ReporterOptions): Reporter {
  const { agent, events, metrics, certificateExpires } = options;
  const { host, forwarding, encryption, fastPath, reports } = agent.rooms;
  const counting = openCounting(fastPath);
  return {
    report: () => reports.report(),
    plan: async () => [
      ...(await encryption.plan()),
      ...(await forwarding.reconciler.plan()),
      ...(await fastPath.plan()),
    ],
    flows: async (milliseconds) => ({
      host: host.tunnel?.address ?? '',
      seconds: milliseconds / 1000,
      flows: await counting.flows(milliseconds),
      dropped: await refusedPackets(GUARD_TABLE),
    }),
    balance: () => reports.balance(),
    live: async (seconds) => ({
      name: hostname(),
      report: reports.report(),
      traffic: await counting.traffic(),
      events: events.newest(seconds),
    }),
    metrics: async () =>
      metrics.text({
        report: reports.report(),
        traffic: await counting.traffic(),
        listeners: host.link.sessions?.listeners() ?? 0,
        certificateExpires: certificateExpires(),
      }),
    askPeers: (question, take) => askPeers(host.link.sessions, question, take),
  };
}

export interface ServingOptions {
  readonly config: Config;
  readonly reporter: Reporter;
  readonly probing: Probing;
  readonly checkups: ReturnType<typeof openCheckups>;
  readonly exposing: Exposing;
  readonly lines: ReturnType<typeof openLog>;
  readonly faults: Faults;
  readonly log: Log;
}

/** Opens the sockets of people and their tools. */
export async function serve(options: ServingOptions): Promise<Listener[]> {
  const { config, reporter, probing, checkups, exposing, lines } = options;
  const app = localApi(reporter)
    .route('/', controlApi({ log: lines }))
    .route('/', probeApi(probing))
    .route('/', checkupApi(checkups))
    .route('/', exposeApi(exposing));
  const local = await listenAt(`${config.stateDirectory}/castnet.sock`, app);
  return [
    local,
    ...(config.metrics === undefined ? [] : await openMetrics(config.metrics, options)),
  ];
}

/** A port that is taken, or an address that the host does not have, must not cost it its networks. */
async function openMetrics(
  at: NonNullable<Config['metrics']>,
  { reporter, log, faults }: ServingOptions,
): Promise<Listener[]> {
  try {
    return [await listenAtPort(at, metricsApi(reporter))];
  } catch (error) {
    log.error({ ...at, reason: (error as Error).message }, 'no metrics by TCP (CASTNET_METRICS)');
    faults.note('metrics', (error as Error).message);
    return [];
  }
}
