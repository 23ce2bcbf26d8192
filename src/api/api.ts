import { Hono } from 'hono';

/** What the local API reads; the agent implements it. */
export interface Reporter {
  /** This host as of now, for `castnet status` and its like. */
  report(): object;
  /** What a reconciliation would do now, in words; empty on a healthy host. */
  plan(): Promise<string[]>;
}

/** The agent's API for people and their tools, at its own socket. */
export function localApi(reporter: Reporter): Hono {
  const app = new Hono();
  app.get('/v1/host', (context) => context.json(reporter.report()));
  app.get('/v1/plan', async (context) => context.json({ steps: await reporter.plan() }));
  return app;
}
