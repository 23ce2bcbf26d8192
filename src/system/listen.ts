import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

/** How often a server that closes looks for connections without a call, milliseconds. */
const IDLE_MS = 20;

/** A listening server. */
export interface Listener {
  /**
   * Takes no more calls, and ends open connections.
   * @param graceMs how long calls under way may take to be answered first, milliseconds
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves an app at a Unix socket that only root may use. A socket file left by an agent that died
 * is replaced. Connections stay open for as long as their callers want.
 * @throws Error when the path cannot be listened at
 */
export function listenAt(path: string, app: Hono): Promise<Listener> {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => {
    // Docker names the socket's path as the host, which makes no valid URL.
    request.headers.host = 'castnet';
    void answer(request, response);
  });
  // Docker keeps connections. One that is closed just as it sends a call, it calls again without the
  // body (moby 20.10, pkg/plugins/client.go, callWithRetry): a container would not start.
  server.keepAliveTimeout = 0;
  return listening(server, { path }, () => chmodSync(path, 0o600));
}

/**
 * Serves an app at a TCP port.
 * @throws Error (EADDRINUSE, EADDRNOTAVAIL…) when it cannot be listened at
 */
export function listenAtPort(at: { host: string; port: number }, app: Hono): Promise<Listener> {
  return listening(createServer(getRequestListener(app.fetch)), at, () => {});
}

function listening(
  server: Server,
  at: { path: string } | { host: string; port: number },
  onOpen: () => void,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    // Later ones are of a connection that could not be taken; whoever calls tries again.
    server.on('error', reject);
    server.listen(at, () => {
      onOpen();
      resolve({
        close: (graceMs = 0) =>
          new Promise((closed) => {
            // A connection that its caller keeps is idle only once its last call was answered.
            const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
            const end = setTimeout(() => server.closeAllConnections(), graceMs);
            server.close(() => {
              clearInterval(idle);
              clearTimeout(end);
              closed();
            });
            if (graceMs === 0) server.closeAllConnections();
          }),
      });
    });
  });
}
