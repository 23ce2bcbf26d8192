import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Listener, listenAt } from './listen.ts';

let directory: string;
let listener: Listener | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(async () => {
  await listener?.close();
  rmSync(directory, { recursive: true });
});

const app = new Hono().post('/ping', async (context) => context.text(await context.req.text()));

const answerTo = (options: RequestOptions): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const call = request({ method: 'POST', path: '/ping', ...options }, (answer) => {
      answer.resume();
      resolve(answer);
    });
    call.on('error', reject);
    call.end('x');
  });

const post = async (socketPath: string, host: string): Promise<number | undefined> =>
  (await answerTo({ socketPath, headers: { host } })).statusCode;

it('never closes a connection that a caller keeps, which may be about to use it', async () => {
  const path = join(directory, 'a.sock');
  listener = await listenAt(path, app);
  const agent = new Agent({ keepAlive: true });
  const { headers } = await answerTo({ socketPath: path, agent });
  // Node announces here after how many seconds it would.
  expect(headers).toMatchObject({ connection: 'keep-alive' });
  expect(headers['keep-alive']).toBeUndefined();
  agent.destroy();
});

it.each(['localhost', '', '%2Frun%2Fdocker%2Fplugins', '/run/docker/plugins/a.sock'])(
  'answers a caller whose Host header is %j, as Docker’s is a path',
  async (host) => {
    const path = join(directory, 'a.sock');
    listener = await listenAt(path, app);
    expect(await post(path, host)).toBe(200);
  },
);

it('makes the directory, replaces a socket left behind, and lets only root in', async () => {
  const path = join(directory, 'sub', 'a.sock');
  listener = await listenAt(path, app);
  await listener.close();
  writeFileSync(path, '');
  listener = await listenAt(path, app);
  expect(await post(path, 'localhost')).toBe(200);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('answers a call that is under way before it closes, and takes no other', async () => {
  const path = join(directory, 'a.sock');
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const slow = new Hono().post('/ping', async (context) => {
    begin();
    await answered;
    return context.text('pong');
  });
  listener = await listenAt(path, slow);
  const agent = new Agent({ keepAlive: true });
  const call = answerTo({ socketPath: path, agent });
  await begun;
  const closed = listener.close(60_000);
  await expect(post(path, 'x')).rejects.toThrow(/ECONNREFUSED|ENOENT/);
  answer();
  expect((await call).statusCode).toBe(200);
  // The caller keeps its connection.
  await closed;
  agent.destroy();
});

it('waits for a call that takes for ever no longer than it was told', async () => {
  const path = join(directory, 'a.sock');
  const stuck = new Hono().post('/ping', () => new Promise<Response>(() => {}));
  listener = await listenAt(path, stuck);
  const call = post(path, 'x').catch((error: Error) => error.message);
  await new Promise((resolve) => setImmediate(resolve));
  await listener.close(20);
  expect(await call).toMatch(/hang up|ECONNREFUSED|ECONNRESET/);
});
