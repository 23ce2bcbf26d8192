import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, test, vi } from 'vitest';
import { isLoopback } from './access.ts';
import { Feed, type Message } from './feed.ts';
import { dashboardApp, type Page, readPage } from './server.ts';

const page: Page = new Map([['/', { type: 'text/html', text: '<p>page</p>' }]]);

const live = { version: 1, hosts: [], silent: [] };

function dashboard(token?: string, ask: (path: string) => Promise<unknown> = async () => live) {
  const feed = new Feed({
    ask: ask as <T>(path: string) => Promise<T>,
    troubles: () => [],
    everyMs: 20,
  });
  const probe = vi.fn(async (network: string) => ({ network, ok: true }));
  const access = { token: token ?? 'printed', local: token === undefined };
  const app = dashboardApp({ page, feed, access, probe });
  const get = (path: string, headers: Record<string, string> = {}) =>
    app.request(path, { headers: { host: '127.0.0.1:4795', ...headers } });
  return { app, feed, get, probe };
}

test.each(['127.0.0.1', '127.9.9.9', '::1'])('%s is loopback', (it) => {
  expect(isLoopback(it)).toBe(true);
});
test.each(['0.0.0.0', '10.0.0.1', '::', 'fd00::1'])('%s is not', (it) => {
  expect(isLoopback(it)).toBe(false);
});

test('on loopback the page needs no token, and takes nothing from elsewhere', async () => {
  const answer = await dashboard().get('/');
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('<p>page</p>');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy.replaceAll("'self'", '').replaceAll("'none'", '')).not.toMatch(/http|\*|unsafe/);
});

test('a name that only leads to loopback is refused, and a page of another site', async () => {
  const { get } = dashboard();
  expect((await get('/', { host: 'evil.example:4795' })).status).toBe(403);
  expect((await get('/', { host: '127.0.0.1.evil.example' })).status).toBe(403);
  for (const host of ['localhost:4795', '[::1]:4795', '127.0.0.1']) {
    expect((await get('/', { host })).status, host).toBe(200);
  }
  expect((await get('/', { origin: 'http://evil.example' })).status).toBe(403);
  expect((await get('/', { origin: 'http://127.0.0.1:4795' })).status).toBe(200);
});

test('with a token nothing is seen without it; the address has it once, then a cookie', async () => {
  const { get } = dashboard('secret');
  const host = '10.0.0.1:4795';
  for (const path of ['/', '/api/view', '/api/feed', '/?token=secreT', '/?token=']) {
    expect((await get(path, { host })).status, path).toBe(401);
  }
  const entered = await get('/?token=secret', { host });
  expect(entered.status).toBe(302);
  expect(entered.headers.get('location')).toBe('/');
  const cookie = entered.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/);
  expect((await get('/', { host, cookie: cookie.split(';')[0] as string })).status).toBe(200);
  expect((await get('/api/view', { host, authorization: 'Bearer secret' })).status).toBe(200);
});

test('the probe is asked for by POST alone, with the network’s name', async () => {
  const { app, probe, get } = dashboard();
  const headers = { host: '127.0.0.1:4795', cookie: 'castnet=printed' };
  const answer = await app.request('/api/probe/my%20net', { method: 'POST', headers });
  expect(await answer.json()).toEqual({ network: 'my net', ok: true });
  expect((await get('/api/probe/net')).status).toBe(404);
  probe.mockRejectedValueOnce(new Error('no such network'));
  const failed = await app.request('/api/probe/x', { method: 'POST', headers });
  expect([failed.status, await failed.json()]).toEqual([502, { error: 'no such network' }]);
});

test('on loopback whoever has no token may look, and not probe', async () => {
  const { app, probe, get } = dashboard();
  const headers = { host: '127.0.0.1:4795' };
  for (const token of ['', 'castnet=guessed']) {
    const method = 'POST';
    const answer = await app.request('/api/probe/n', {
      method,
      headers: { ...headers, cookie: token },
    });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain('the address that castnet dashboard printed');
  }
  expect(probe).not.toHaveBeenCalled();
  const entered = await get('/?token=printed');
  expect(entered.headers.get('set-cookie')).toContain('castnet=printed');
});

test('a client that stops reading is left, and costs nothing from then on', async () => {
  const { feed, app } = dashboard();
  let tell = (_: Message): void => {};
  let listeners = 0;
  vi.spyOn(feed, 'listen').mockImplementation((listener) => {
    tell = listener;
    listeners += 1;
    return () => {
      listeners -= 1;
    };
  });
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => {});
  socket.write('GET /api/feed HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await vi.waitFor(() => expect(listeners).toBe(1));
  const message: Message = { name: 'trouble', data: 'x'.repeat(1_000_000) };
  for (let told = 0; told < 200 && listeners > 0; told++) {
    tell(message);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(listeners).toBe(0);
  socket.destroy();
  server.close();
});

test('the feed tells what is known, then each look, and looks only while somebody listens', async () => {
  const ask = vi.fn(async () => live);
  const { feed } = dashboard(undefined, ask);
  const told: string[] = [];
  const end = feed.listen(({ name }) => told.push(name));
  expect(told).toEqual(['history', 'services', 'events', 'trouble']);
  await vi.waitFor(() => expect(told.filter((it) => it === 'view').length).toBeGreaterThan(2));
  end();
  await vi.waitFor(async () => {
    const before = ask.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(ask.mock.calls.length).toBe(before);
  });
});

test('an agent that does not answer is a trouble that is told, and taken back', async () => {
  let fails = true;
  const ask = async () => {
    if (fails) throw new Error('nobody answers');
    return live;
  };
  const { feed, get } = dashboard(undefined, ask);
  expect((await get('/api/view')).status).toBe(502);
  const troubles: unknown[] = [];
  const end = feed.listen(({ name, data }) => {
    if (name === 'trouble') troubles.push(data);
  });
  await vi.waitFor(() => expect(troubles).toEqual(['', 'nobody answers']));
  fails = false;
  await vi.waitFor(() => expect(troubles).toEqual(['', 'nobody answers', '']));
  end();
});

test('events are told once, and keep the name of their host', async () => {
  const event = { id: 'a-1', at: 5, level: 'info', text: 'it is ready' };
  const report = { version: 1, agent: 'x', peers: [], networks: [] };
  const traffic = { at: 0, devices: [], flows: [], dropped: [] };
  const hosts = [{ name: 'h1', report, traffic, events: [event] }];
  const { feed } = dashboard(undefined, async () => ({ ...live, hosts, services: [] }));
  const told: unknown[] = [];
  let views = 0;
  const end = feed.listen(({ name, data }) => {
    if (name === 'events') told.push(data);
    if (name === 'view') views += 1;
  });
  await vi.waitFor(() => expect(views).toBeGreaterThan(2));
  expect(told).toEqual([[], [{ ...event, host: 'h1' }]]);
  end();
});

test('a page that was not built is told with what to do', () => {
  expect(() => readPage('/nowhere')).toThrow('is not in /nowhere');
});
