import type { RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import { ask, follow, HttpTimeout } from './http.ts';
import { useSocket } from './testing/socket.ts';

const socket = useSocket();

const serve = async (answer: RequestListener) => ({
  socketPath: await socket.serve(answer),
  timeoutMs: 5_000,
});

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
  await expect(
    ask({ socketPath: socket.path(), path: '/', timeoutMs: 1000 }),
  ).rejects.toMatchObject({
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
