import { Hono } from 'hono';
import * as z from 'zod';
import type { Checkup, SwarmCheckup } from '../core/checkup.ts';
import { ANSWERS, text } from './answers.ts';

/** What another host answers, before anything is made of it. */
export const CHECKUP_ANSWER = z.looseObject({
  version: z.literal(1),
  report: ANSWERS.report,
  plan: z.array(text),
  vxlans: z.array(z.looseObject({ dev: text, vni: z.number(), port: z.number() })),
  cards: z.array(z.looseObject({ dev: text, driver: text })).optional(),
  routes: z.array(
    z.looseObject({
      ...{ endpoint: text, address: text },
      ...{ there: z.boolean().optional(), dev: text.optional() },
    }),
  ),
}) as unknown as z.ZodType<Checkup>;

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
