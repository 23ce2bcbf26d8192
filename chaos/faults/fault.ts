/** What a fault is, for the run. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab, LabHost } from '../../lab/lab.ts';
import type { Victims } from '../order.ts';
import type { Scene } from '../scene.ts';

export type Site = {
  lab: Lab;
  scene: Scene;
  /** Ends early what is only waited for. */
  signal: AbortSignal;
  /** Waits until everyone hears everyone. */
  recovered: () => Promise<unknown>;
};

export type Fault = {
  /** What happens, as the table says it. */
  name: string;
  victims: Victims;
  /** Finds the victim when the fault comes, in the place of the one that was drawn. */
  find?: (site: Site) => Promise<LabHost>;
  /** Whether no packet and no call may be lost, wherever it is. */
  lossless: boolean;
  /**
   * Whether encrypted networks of the victim rest meanwhile: what carries their packets ends, which is a
   * process of the plugin where the kernel has no WireGuard.
   */
  rests?: boolean;
  /**
   * Does it, and mends it. @returns since when castnet has all it needs to work again: the time
   * of the mending, or of Docker's own recovery where that comes later; milliseconds of the epoch.
   * Errors: a promise that is broken while the fault lasts.
   */
  inflict(site: Site, victim: LabHost): Promise<number>;
};

/** Lets a fault last, so many milliseconds or until the run is interrupted. */
export async function pause(ms: number, { signal }: Site): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
