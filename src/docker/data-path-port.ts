import * as z from 'zod';
import type { Engine } from './engine.ts';
import { isHeardSilence } from './heard.ts';

const Info = z.object({
  Swarm: z
    .object({
      /** Only a manager's Engine tells it (moby, daemon/cluster, `Info`). */
      Cluster: z.object({ DataPathPort: z.number().optional() }).nullish(),
      RemoteManagers: z.array(z.object({ Addr: z.string() })).nullish(),
    })
    .optional(),
});

/** What an Engine says that bears on the Swarm's `--data-path-port`. */
export interface DataPathPort {
  /** At which Docker's own overlay takes its packets; absent on a worker, and outside a Swarm. */
  readonly port?: number;
  /** Addresses of the managers, who know it. */
  readonly managers: readonly string[];
}

/** @throws Error when the Engine does not answer, or not so that it can be used */
export async function readDataPathPort(engine: Pick<Engine, 'get'>): Promise<DataPathPort> {
  const { Cluster, RemoteManagers } = Info.parse(await engine.get('/info')).Swarm ?? {};
  const managers = (RemoteManagers ?? []).map(({ Addr }) =>
    Addr.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''),
  );
  const port = Cluster?.DataPathPort || undefined;
  return { ...(port === undefined ? {} : { port }), managers };
}

export interface DataPathPortOptions {
  readonly engine: Pick<Engine, 'get'>;
  readonly onAnswer: (said: DataPathPort) => void;
  /** The Engine answers, but not this question. */
  readonly onUnread: (reason: string) => void;
  /** Between two questions, milliseconds. */
  readonly intervalMs: number;
}

/** Asks at once, then again and again: a host may join a Swarm, or become a manager. */
export function watchDataPathPort(options: DataPathPortOptions): { close(): void } {
  const { engine, onAnswer, onUnread, intervalMs } = options;
  const ask = (): void =>
    void readDataPathPort(engine).then(onAnswer, (error: Error) => {
      if (!isHeardSilence(error)) onUnread(error.message);
    });
  ask();
  const timer = setInterval(ask, intervalMs);
  return { close: () => clearInterval(timer) };
}
