import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

/** A listening server; `close` ends open connections too. */
export interface Listener {
  close(): Promise<void>;
}

/**
 * Serves an app at a Unix socket that only root may use. A socket file left by an agent that died
 * is replaced.
 * @throws Error when the path cannot be listened at
 */
export function listenAt(path: string, app: Hono): Promise<Listener> {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const server = createAdaptorServer({ fetch: app.fetch });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
  });
}
