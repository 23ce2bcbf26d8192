import * as z from 'zod';
import type { Engine } from './engine.ts';
import { isHeardSilence } from './heard.ts';

const Networks = z.array(z.object({ Id: z.string() }));

export interface GoneNetworksOptions {
  readonly engine: Pick<Engine, 'get'>;
  /** Ids of networks that Docker may have removed without a word to this host. */
  readonly kept: () => Iterable<string>;
  readonly onGone: (id: string) => void;
  /** The Engine answers, but not this question. */
  readonly onUnread: (reason: string) => void;
  /** Between two looks, milliseconds. */
  readonly intervalMs: number;
}

/**
 * Finds out which networks are gone: the Swarm tells the removal of one to its leader of that time alone
 * (FreeNetwork). A network is gone once two looks in a row did not find it: while there is no leader, an
 * Engine lists its own networks only (moby, api/server/router/network,
 * `getNetworksList`).
 */
export function watchGoneNetworks(options: GoneNetworksOptions): { close(): void } {
  const { engine, kept, onGone, onUnread, intervalMs } = options;
  /** Not found at the last look; bounded by what is kept. */
  let missed: ReadonlySet<string> = new Set();
  const look = async (): Promise<void> => {
    const before = [...kept()];
    if (before.length === 0) return;
    const listed = Networks.parse(await engine.get('/networks')).map((it) => it.Id);
    const there = new Set(listed);
    const now = before.filter((it) => !there.has(it));
    const gone = now.filter((it) => missed.has(it));
    missed = new Set(now.filter((it) => !gone.includes(it)));
    for (const it of gone) onGone(it);
  };
  const timer = setInterval(() => {
    look().catch((error: Error) => {
      if (!isHeardSilence(error)) onUnread(error.message);
    });
  }, intervalMs);
  return { close: () => clearInterval(timer) };
}
