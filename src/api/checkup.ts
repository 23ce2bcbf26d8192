import { Hono } from 'hono';
import type { HostCheckup } from '../core/diagnosis/checkup.ts';
import type { Silent } from './answers.ts';
import { streamed } from './streamed.ts';

/** What has all hosts look closer at themselves and at each other. */
export interface Examiner {
  all(hosts: readonly string[]): Promise<{
    readonly own: HostCheckup;
    askOthers(take: (it: HostCheckup) => unknown): Promise<readonly Silent[]>;
  }>;
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
    const { own, askOthers } = await examiner.all(hosts as string[]);
    return streamed(context, own, askOthers);
  });
  return app;
}
