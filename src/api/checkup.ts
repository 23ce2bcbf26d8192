import { Hono } from 'hono';
import type { SwarmCheckup } from '../core/diagnosis/checkup.ts';

/** What has all hosts look closer at themselves and at each other. */
export interface Examiner {
  all(hosts: readonly string[]): Promise<SwarmCheckup>;
}

/** The part of the local API for `castnet doctor`: `POST /v1/checkup`, `{"hosts": [address, …]}`. */
export function checkupApi(examiner: Examiner): Hono {
  const app = new Hono();
  app.post('/v1/checkup', async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    const hosts = (body as { hosts?: unknown } | undefined)?.hosts ?? [];
    if (!Array.isArray(hosts) || hosts.some((it) => typeof it !== 'string')) {
      return context.json({ error: 'hosts is no list of addresses' }, 400);
    }
    return context.json(await examiner.all(hosts as string[]));
  });
  return app;
}
