import { Hono } from 'hono';
import type { HostBalance, HostFlows, HostLive } from '../contract/answers.ts';
import { ANSWERS } from '../contract/answers.ts';
import type { HostReport } from '../contract/report.ts';
import { droppedTable } from '../core/views/dropped-table.ts';
import { groupsTable } from '../core/views/groups-table.ts';
import { servicesTable } from '../core/views/services-table.ts';
import {
  type Scope,
  visibleBalance,
  visibleFlows,
  visibleLive,
  visibleReport,
} from '../core/visible.ts';
import { type PeerAnswer, understood } from './answers.ts';

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
  /**
   * Asks every other host the same; one that does not answer is told with its reason.
   * @param among only these; by default all
   */
  askPeers(
    what: string,
    args: unknown,
    among?: (address: string) => boolean,
  ): Promise<PeerAnswer[]>;
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
  app.get('/v1/swarm', async (context) => context.json(await swarm(reporter)));
  app.get('/v1/groups', async (context) => {
    const [{ hosts, silent }, own, others] = await Promise.all([
      swarm(reporter),
      reporter.flows(MEASURE_MS),
      reporter.askPeers(QUESTIONS.flows, { milliseconds: MEASURE_MS }),
    ]);
    const flows = [own, ...understood(others, ANSWERS.flows).answers];
    return context.json({
      version: 1,
      groups: groupsTable(hosts, flows),
      dropped: droppedTable(hosts, flows),
      silent,
    });
  });
  app.get('/v1/services', async (context) => {
    const [{ hosts, silent }, own, others] = await Promise.all([
      swarm(reporter),
      reporter.balance(),
      reporter.askPeers(QUESTIONS.balance, {}),
    ]);
    const all = [own, ...understood(others, ANSWERS.balance).answers];
    return context.json({ version: 1, services: servicesTable(hosts, all), silent });
  });
  app.get('/v1/live', async (context) => {
    const seconds = secondsOf(context.req.query('seconds'));
    const [own, others] = await Promise.all([
      reporter.live(seconds),
      reporter.askPeers(QUESTIONS.live, { seconds }),
    ]);
    const { answers, silent } = understood(others, ANSWERS.live);
    return context.json({ version: 1, hosts: [own, ...answers], silent });
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

async function swarm(reporter: Reporter) {
  const others = await reporter.askPeers(QUESTIONS.report, {});
  const { answers, silent } = understood(others, ANSWERS.report);
  return { version: 1, hosts: [reporter.report(), ...answers], silent };
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

/** Answers what another host asks; for the sessions. */
export async function answerPeer(reporter: Reporter, { what, args, scope }: PeerQuestion) {
  if (what === QUESTIONS.report) return visibleReport(reporter.report(), scope);
  if (what === QUESTIONS.flows) {
    const asked = Number((args as { milliseconds?: unknown } | null)?.milliseconds);
    const flows = await reporter.flows(asked > 0 && asked <= 10_000 ? asked : MEASURE_MS);
    return visibleFlows(flows, reporter.report(), scope);
  }
  if (what === QUESTIONS.balance) return visibleBalance(await reporter.balance(), scope);
  if (what === QUESTIONS.live) {
    const live = await reporter.live(secondsOf((args as { seconds?: unknown } | null)?.seconds));
    return visibleLive(live, scope);
  }
  throw new Error(`"${what}" is not a question that this version of castnet answers`);
}
