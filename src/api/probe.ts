import { Hono } from 'hono';
import type { ProbeReport } from '../contract/commands.ts';
import { Fault } from '../net/fault.ts';

/** What tries out the network between all hosts. */
export interface Prober {
  /**
   * @param network its name; undefined: one made for the probe
   * @throws Fault when this host has not the network
   */
  probe(network: string | undefined): Promise<ProbeReport>;
}

/** The part of the local API that probes: `POST /v1/probe`, `{"network": name or id}` or `{}`. */
export function probeApi({ probe }: Prober): Hono {
  const app = new Hono();
  app.post('/v1/probe', async (context) => {
    const body: unknown = await context.req.json().catch(() => ({}));
    const network = (body as { network?: unknown } | null)?.network;
    if (network !== undefined && (typeof network !== 'string' || network === '')) {
      return context.json({ error: 'network is no name', hint: '{"network": "NAME"}' }, 400);
    }
    try {
      return context.json(await probe(network));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return context.json({ error: error.message }, 404);
    }
  });
  return app;
}
