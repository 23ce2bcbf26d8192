/** The promise that nothing is sent to a host that is gone. */

import { tunnelEntries } from '../../lab/kit/kernel.ts';
import type { LabHost } from '../../lab/lab.ts';
import { until } from '../../lab/run.ts';
import type { Site } from './fault.ts';

/** No entry may lead to a host for longer than that after Docker knows that it is gone. */
export const STRAY_MS = 10_000;

/** Waits until no other host's kernel leads to this one any more. */
export async function abandoned(
  { lab, signal }: Site,
  host: LabHost,
  withinMs = STRAY_MS,
): Promise<void> {
  for (const other of lab.hosts.filter((it) => it.address !== host.address)) {
    await until(
      async () => {
        const ways = (await tunnelEntries(other)).filter((it) => it.to === host.address);
        if (ways.length === 0) return true;
        throw new Error(`${ways.length} entries do`);
      },
      { what: `${other.name} forwarding nothing to ${host.name}`, timeoutMs: withinMs, signal },
    );
  }
}
