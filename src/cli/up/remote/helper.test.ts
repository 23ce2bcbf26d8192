import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const HELPER = join(import.meta.dirname, 'helper.ts');

let directory: string;
const ends: (() => void)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-helper-'));
});
afterEach(() => {
  for (const it of ends.splice(0)) it();
  rmSync(directory, { recursive: true });
});

/** The helper's program, as it is on a host, asked over its pipes. */
function helper() {
  const child = spawn(process.execPath, [HELPER], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => child.kill());
  const answers = new Map<number, (value: { value?: unknown; error?: string }) => void>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const answer = JSON.parse(line) as { id?: number; value?: unknown; error?: string };
      if (answer.id !== undefined) answers.get(answer.id)?.(answer);
    }
  });
  let last = 0;
  const ask = (operation: string, args: object = {}) =>
    new Promise<{ value?: unknown; error?: string }>((resolve) => {
      const id = ++last;
      answers.set(id, resolve);
      child.stdin.write(`${JSON.stringify({ id, operation, args })}\n`);
    });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { ask, ended, close: () => child.stdin.end() };
}

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('hears what another sends, by TCP and UDP, and names what is taken', async () => {
  const [one, two] = [helper(), helper()];
  const port = await freePort();
  const ports = [
    { proto: 'tcp', port },
    { proto: 'udp', port },
  ];
  expect(await one.ask('listen', { ports })).toMatchObject({ value: [] });
  expect(await two.ask('listen', { ports })).toMatchObject({
    value: ports.map((it) => ({ ...it, code: 'EADDRINUSE' })),
  });
  const to = { address: '127.0.0.1', port, text: 'from two' };
  expect(await two.ask('tcp', to)).toMatchObject({ value: 'ok' });
  expect(await two.ask('udp', to)).toMatchObject({ value: 'ok' });
  expect(await one.ask('heard')).toMatchObject({ value: [`${port} from two`] });
  expect(await two.ask('tcp', to)).toMatchObject({ value: 'ECONNREFUSED' });
});

it('asks over a Unix socket, and tells what went wrong', async () => {
  const socket = join(directory, 'it.sock');
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () =>
      response.writeHead(201).end(`${request.method} ${request.url} ${body}`),
    );
  });
  ends.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const { ask } = helper();
  const call = { socket, method: 'POST', path: '/swarm/join', body: { JoinToken: 'secret' } };
  expect(await ask('call', call)).toMatchObject({
    value: { status: 201, text: 'POST /swarm/join {"JoinToken":"secret"}' },
  });
  const none = join(directory, 'none.sock');
  writeFileSync(none, '');
  expect((await ask('call', { socket: none, path: '/' })).error).toMatch(/ECONNREFUSED/);
  expect((await ask('nonsense')).error).toBe('no nonsense');
});

it('ends with its input', async () => {
  const { ask, ended, close } = helper();
  await ask('interfaces');
  close();
  expect(await ended).toBe(0);
});
