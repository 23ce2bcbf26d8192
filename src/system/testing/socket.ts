import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** Serves HTTP at a Unix socket of the test's own, for as long as the test runs. */
export function useSocket() {
  let directory: string;
  let server: Server | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'castnet-'));
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    rmSync(directory, { recursive: true });
  });
  const path = (): string => join(directory, 'x.sock');
  return {
    /** Where it is served, or would be. */
    path,
    /** @returns the socket's path, once it is listened at */
    serve(answer: RequestListener): Promise<string> {
      const made = createServer(answer);
      server = made;
      return new Promise((resolve) => made.listen(path(), () => resolve(path())));
    },
  };
}
