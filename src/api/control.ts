import { Hono } from 'hono';

/** What people may change of a running agent. */
export interface Controls {
  /** pino's own; its level may be set. */
  readonly log: { level: string; info(fields: object, message: string): void };
}

/** Least severe lines that the log shows, most talkative first. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** The part of the local API that changes the agent itself. */
export function controlApi({ log }: Controls): Hono {
  const app = new Hono();
  app.get('/v1/log-level', (context) => context.json({ version: 1, level: log.level }));
  app.put('/v1/log-level', async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    const level = (body as { level?: unknown } | undefined)?.level;
    if (typeof level !== 'string' || !LEVELS.includes(level)) {
      const error = `${JSON.stringify(level ?? null)} is no log level`;
      return context.json({ error, hint: `Accepted are: ${LEVELS.join(', ')}` }, 400);
    }
    const was = log.level;
    log.level = level;
    log.info({ was, level }, 'log level set');
    return context.json({ version: 1, level });
  });
  return app;
}
