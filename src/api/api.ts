import { Hono } from 'hono';
import type { HostBalance, HostFlows, HostLive } from '../contract/answers.ts';
import { ANSWERS } from '../contract/answers.ts';
import type { DroppedRow } from '../contract/commands.ts';
import type { HostReport } from '../contract/report.ts';
import { brief, briefBalance, briefReport } from '../core/brief.ts';
import { droppedRows } from '../core/views/dropped-table.ts';
import { GroupsDraft } from '../core/views/groups-table.ts';
import { ServicesDraft } from '../core/views/services-table.ts';
import {
  type Scope,
  visibleBalance,
  visibleFlows,
  visibleLive,
  visibleReport,
} from '../core/visible.ts';
import { type AskPeers, askAll, type Silent } from './answers.ts';
import { streamed } from './streamed.ts';

/** What the local API reads; the agent implements it. */
export interface Reporter {
  /** This host as of now, for `castnet status` and its like. */
  report(): HostReport;
  /** What a reconciliation would do now, in words; empty on a healthy host. */
  plan(): Promise<string[]>;
  /** Multicast that this host's containers send, over some milliseconds. */
  flows(milliseconds: number): Promise<HostFlows>;
  /** The services of this host's networks, and what its containers sent to them. */
  balance(): Promise<HostBalance>;
  /**
   * This host as of now with its kernel's counters, for who looks again and again.
   * @param seconds how old events may be
   */
  live(seconds: number): Promise<HostLive>;
  /** The same for Prometheus, and its Content-Type. */
  metrics(): Promise<{ text: string; type: string }>;
  readonly askPeers: AskPeers;
}

/** What hosts may ask each other over their sessions. */
export const QUESTIONS = {
  report: 'report',
  flows: 'flows',
  balance: 'balance',
  live: 'live',
} as const;

/** How long traffic is measured, milliseconds: enough to see software that speaks each second. */
const MEASURE_MS = 1000;

/** The agent's API for people and their tools, at its own socket. */
export function localApi(reporter: Reporter): Hono {
  const app = new Hono();
  app.get('/v1/host', (context) => context.json(reporter.report()));
  app.get('/v1/plan', async (context) =>
    context.json({ version: 1, steps: await reporter.plan() }),
  );
  app.get('/v1/swarm', (context) =>
    streamed(context, reporter.report(), (take) => askReports(reporter, take)),
  );
  app.get('/v1/groups', async (context) => context.json(await groups(reporter)));
  app.get('/v1/services', async (context) => {
    const table = new ServicesDraft();
    table.add(reporter.report());
    const question = {
      what: QUESTIONS.balance,
      args: { brief: true },
      takesTime: true,
      schema: ANSWERS.balance,
    };
    const counted = askAll(reporter.askPeers, question, (it) => table.count(it));
    table.count(await reporter.balance());
    const silent = await askReports(reporter, (it) => table.add(it));
    await counted;
    return context.json({ version: 1, services: table.rows(), silent });
  });
  app.get('/v1/live', async (context) => {
    const seconds = secondsOf(context.req.query('seconds'));
    const args = { seconds, brief: true };
    const question = { what: QUESTIONS.live, args, schema: ANSWERS.live };
    const own = await reporter.live(seconds);
    return streamed(context, own, (take) => askAll(reporter.askPeers, question, take));
  });
  app.route('/', metricsApi(reporter));
  return app;
}

/** What Prometheus reads, at the agent's socket and, when that is set, at a TCP port. */
export function metricsApi(reporter: Pick<Reporter, 'metrics'>): Hono {
  const app = new Hono();
  app.get('/metrics', async (context) => {
    const { text, type } = await reporter.metrics();
    return context.body(text, 200, { 'Content-Type': type });
  });
  return app;
}

/** What the others report, in brief. */
function askReports(
  reporter: Reporter,
  take: (report: HostReport) => unknown,
): Promise<readonly Silent[]> {
  const question = { what: QUESTIONS.report, args: { brief: true }, schema: ANSWERS.report };
  return askAll(reporter.askPeers, question, take);
}

/** Every group of the Swarm: what the hosts measure first, and then what they have. */
async function groups(reporter: Reporter) {
  const flows = new Map<string, HostFlows>();
  const keep = (it: HostFlows) => void flows.set(it.host, it);
  const args = { milliseconds: MEASURE_MS };
  const question = { what: QUESTIONS.flows, args, takesTime: true, schema: ANSWERS.flows };
  const others = askAll(reporter.askPeers, question, keep);
  keep(await reporter.flows(MEASURE_MS));
  await others;
  const table = new GroupsDraft((host) => flows.get(host));
  const dropped: DroppedRow[] = [];
  const take = (report: HostReport): void => {
    table.add(report);
    dropped.push(...droppedRows(report, flows.get(report.tunnel?.address ?? 'unknown')));
  };
  take(reporter.report());
  const silent = await askReports(reporter, take);
  return { version: 1, groups: table.rows(), dropped, silent };
}

/** A day, where nothing sensible is asked for. */
const DAY = 86_400;

function secondsOf(asked: unknown): number {
  const seconds = Number(asked ?? DAY);
  return seconds >= 0 && seconds <= DAY ? seconds : DAY;
}

/** A question of another host, and what it may be told. */
export interface PeerQuestion {
  readonly what: string;
  readonly args: unknown;
  readonly scope: Scope;
}

interface Args {
  readonly milliseconds?: unknown;
  readonly seconds?: unknown;
  /** Without what is well on the host: see `briefReport`. Agents of before tell all. */
  readonly brief?: unknown;
}

/** Answers what another host asks; for the sessions. */
export async function answerPeer(reporter: Reporter, { what, args, scope }: PeerQuestion) {
  const { milliseconds, seconds, brief: isBrief } = (args ?? {}) as Args;
  if (what === QUESTIONS.report) {
    const report = visibleReport(reporter.report(), scope);
    return isBrief === true ? briefReport(report) : report;
  }
  if (what === QUESTIONS.flows) {
    const asked = Number(milliseconds);
    const flows = await reporter.flows(asked > 0 && asked <= 10_000 ? asked : MEASURE_MS);
    return visibleFlows(flows, reporter.report(), scope);
  }
  if (what === QUESTIONS.balance) {
    const balance = visibleBalance(await reporter.balance(), scope);
    return isBrief === true ? briefBalance(balance) : balance;
  }
  if (what === QUESTIONS.live) {
    const live = visibleLive(await reporter.live(secondsOf(seconds)), scope);
    return isBrief === true ? brief(live) : live;
  }
  throw new Error(`"${what}" is not a question that this version of castnet answers`);
}
