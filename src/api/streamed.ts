import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { Silent } from './answers.ts';

/**
 * Answers `{"version":1,"hosts":[…],"silent":[…]}`, each host as its answer comes: of a thousand hosts the
 * whole of it would take the agent's memory twice.
 * @param first this host's own
 * @param ask hands over what the others answer, and waits until it was taken; returns who did not
 */
export function streamed<T>(
  context: Context,
  first: T,
  ask: (take: (host: T) => Promise<unknown>) => Promise<readonly Silent[]>,
): Response {
  context.header('Content-Type', 'application/json');
  return stream(context, async (out) => {
    await out.write(`{"version":1,"hosts":[${JSON.stringify(first)}`);
    // Whoever asked may be gone, and the others are still on their way.
    const silent = await ask(async (it) => out.aborted || out.write(`,${JSON.stringify(it)}`));
    await out.write(`],"silent":${JSON.stringify(silent)}}`);
  });
}
