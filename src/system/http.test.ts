import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask, follow, HttpTimeout } from './http.ts';

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

function serve(answer: RequestListener): Promise<{ socketPath: string; timeoutMs: number }> {
  const socketPath = join(directory, 'x.sock');
  server = createServer(answer);
  return new Promise((resolve) =>
    server?.listen(socketPath, () => resolve({ socketPath, timeoutMs: 5_000 })),
  );
}

it('sends method, headers and body, and gives status and text', async () => {
  const at = await serve(async (request, response) => {
    const body = (await request.toArray()).join('');
    const { method, url, headers } = request;
    response.writeHead(404).end(`${method} ${url} ${headers['content-length']} ${body} ü`);
  });
  const answer = await ask({ ...at, path: '/a', method: 'POST', body: 'ö' });
  expect(answer).toEqual({ status: 404, text: 'POST /a 2 ö ü' });
});

it('gives up on one that does not answer, and on one that never ends', async () => {
  const at = await serve((request, response) => {
    if (request.url === '/slow') setInterval(() => response.write('.'), 20).unref();
  });
  for (const path of ['/mute', '/slow']) {
    await expect(ask({ ...at, path, timeoutMs: 200 })).rejects.toBeInstanceOf(HttpTimeout);
  }
});

it('an answer that breaks off is an error, not a wait', async () => {
  const at = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  await expect(ask({ ...at, path: '/' })).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('nobody at the socket is an error with its code', async () => {
  const socketPath = join(directory, 'none.sock');
  await expect(ask({ socketPath, path: '/', timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

it('follows an answer line by line, and tells its end once', async () => {
  const at = await serve((_, response) => {
    response.write('one\ntw');
    setImmediate(() => response.write('o\n\nhalf', () => response.destroy()));
  });
  const lines: string[] = [];
  const reason = await new Promise<string>((onEnd) =>
    follow({ ...at, path: '/' }, { onLine: (line) => lines.push(line), onEnd }),
  );
  expect(lines).toEqual(['one', 'two']);
  expect(reason).toBe('aborted');
});

it.each([
  ['/refused', 'it is refused with status 500'],
  ['/mute', 'no answer within 200 ms'],
])('following %s ends with "%s"', async (path, words) => {
  const at = await serve((request, response) => {
    if (request.url === '/refused') response.writeHead(500).end();
  });
  const reason = await new Promise<string>((onEnd) =>
    follow({ ...at, path, timeoutMs: 200 }, { onLine: () => {}, onEnd }),
  );
  expect(reason).toBe(words);
});

it('what is followed may be silent for long', async () => {
  const at = await serve((_, response) => {
    response.flushHeaders();
    setTimeout(() => response.end('late\n'), 400);
  });
  const lines: string[] = [];
  const reason = await new Promise<string>((onEnd) =>
    follow({ ...at, path: '/', timeoutMs: 200 }, { onLine: (line) => lines.push(line), onEnd }),
  );
  expect([lines, reason]).toEqual([['late'], 'it ended']);
});
