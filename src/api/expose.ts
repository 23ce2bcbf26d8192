import { Hono } from 'hono';
import type { Exposed } from '../contract/commands.ts';
import { Fault } from '../net/fault.ts';

export interface ExposeRequest {
  /** Docker's name of the network. */
  readonly network: string;
  /** As 10.0.9.250 or 10.0.9.250/24; absent: Docker chooses. */
  readonly address?: string | undefined;
  /** Names by which containers of the network find it. */
  readonly aliases: readonly string[];
}

/** What gives this host addresses on networks. Errors: Fault. */
export interface Exposer {
  list(): Promise<Exposed>;
  expose(request: ExposeRequest): Promise<Exposed>;
  hide(network: string): Promise<Exposed>;
}

/** A name as Docker takes it for networks. */
const NAME = /^[\w][\w.-]{0,127}$/;

/** `GET /v1/expose`; `POST` with `{"network", "address"?, "aliases"?}`; `DELETE` with `{"network"}`. */
export function exposeApi(exposer: Exposer): Hono {
  const app = new Hono();
  const answer = async (work: () => Promise<Exposed>): Promise<Response> => {
    try {
      return Response.json(await work());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return Response.json({ error: error.message }, { status: 409 });
    }
  };
  app.get('/v1/expose', () => answer(() => exposer.list()));
  app.post('/v1/expose', async (context) => {
    const body = await context.req.json().catch(() => undefined);
    return answer(async () => exposer.expose(requestOf(body)));
  });
  app.delete('/v1/expose', async (context) => {
    const body = await context.req.json().catch(() => undefined);
    return answer(async () => exposer.hide(requestOf(body).network));
  });
  return app;
}

/** @throws Fault that names what is wrong with it */
function requestOf(body: unknown): ExposeRequest {
  const { network, address, aliases = [] } = (body ?? {}) as Record<string, unknown>;
  if (typeof network !== 'string' || !NAME.test(network)) {
    throw new Fault(`${JSON.stringify(network ?? null)} cannot be a network's name`);
  }
  if (address !== undefined && typeof address !== 'string') throw new Fault('address is no text');
  const isName = (it: unknown) => typeof it === 'string' && NAME.test(it);
  if (!Array.isArray(aliases) || !aliases.every(isName)) {
    throw new Fault(
      'an alias is letters, digits and "_ . -", and begins with one of the first two',
    );
  }
  return { network, address, aliases };
}
