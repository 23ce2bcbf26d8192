import * as z from 'zod';
import type { Engine } from './engine.ts';

/** Only a manager's Engine tells it (moby, daemon/cluster, `Info`). */
const Info = z.object({
  Swarm: z
    .object({ Cluster: z.object({ DataPathPort: z.number().optional() }).nullish() })
    .optional(),
});

/**
 * The Swarm's `--data-path-port`, at which Docker's own overlay takes its packets.
 * @returns undefined on a worker, and outside a Swarm
 * @throws Error when the Engine does not answer
 */
export async function readDataPathPort(engine: Pick<Engine, 'get'>): Promise<number | undefined> {
  return Info.parse(await engine.get('/info')).Swarm?.Cluster?.DataPathPort || undefined;
}
