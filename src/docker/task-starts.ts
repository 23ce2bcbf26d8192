import * as z from 'zod';
import type { Engine } from './engine.ts';

const Started = z.object({
  Actor: z.object({ Attributes: z.record(z.string(), z.string()).nullish() }).nullish(),
});

/** Swarm's own label, which no container has that is no task. */
const TASK = 'com.docker.swarm.task.id';

/**
 * Follows the moments at which a task of this host may come into service: its process was started, or
 * its health check passed for the first time. The Engine has no event for what its DNS answers.
 */
export function watchTaskStarts(engine: Engine, onStart: () => void): { close(): void } {
  return engine.events({
    types: ['container'],
    events: ['start', 'health_status: healthy'],
    onEvent: (event) => {
      const { success, data } = Started.safeParse(event);
      if (success && data.Actor?.Attributes?.[TASK] !== undefined) onStart();
    },
    onLost: onStart,
  });
}
