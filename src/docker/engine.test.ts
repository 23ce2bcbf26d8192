import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dockerEngine } from './engine.ts';

let directory: string;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(directory, { recursive: true });
});

/** An Engine that answers as told. */
function engine(answer: RequestListener) {
  const path = join(directory, 'docker.sock');
  server = createServer(answer);
  return new Promise<ReturnType<typeof dockerEngine>>((resolve) =>
    server?.listen(path, () => resolve(dockerEngine(path))),
  );
}

it('reads an answer as JSON, at the oldest API version it supports', async () => {
  const it = await engine((request, response) => response.end(JSON.stringify([request.url])));
  expect(await it.get('/networks')).toEqual(['/v1.41/networks']);
});

it('a refusal is an error with the Engine’s words and status', async () => {
  const it = await engine((_, response) => response.writeHead(404).end('no such network'));
  await expect(it.get('/networks/x')).rejects.toMatchObject({
    status: 404,
    message: 'GET /networks/x: 404 no such network',
  });
});

it('events come whole, whatever the chunks they arrive in', async () => {
  const it = await engine((_, response) => {
    response.write('{"Type":"net');
    setImmediate(() => response.write('work"}\n{"Type":"node"}\n'));
  });
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    const events = it.events({
      types: ['network'],
      onEvent: (event) => {
        seen.push(event);
        if (seen.length === 2) {
          events.close();
          resolve();
        }
      },
      onLost: () => {},
    });
  });
  expect(seen).toEqual([{ Type: 'network' }, { Type: 'node' }]);
});
