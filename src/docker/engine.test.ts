import type { RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import { useSocket } from '../system/testing/socket.ts';
import { dockerEngine } from './engine.ts';

const socket = useSocket();

const VERSION = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' };

/** An Engine that says of itself what `version` gives, and answers everything else as told. */
async function engine(answer: RequestListener, version: () => object = () => VERSION) {
  const path = await socket.serve((request, response) => {
    if (request.url === '/version') response.end(JSON.stringify(version()));
    else answer(request, response);
  });
  return dockerEngine(path);
}

it('reads an answer as JSON, at the oldest API version that both support', async () => {
  const it = await engine((request, response) => response.end(JSON.stringify([request.url])));
  expect(await it.get('/networks')).toEqual(['/v1.41/networks']);
});

it('an Engine with a later least API version is spoken to in that one', async () => {
  const least = { Version: '29.1.0', ApiVersion: '1.52', MinAPIVersion: '1.44' };
  const it = await engine(
    (request, response) => response.end(JSON.stringify([request.url])),
    () => least,
  );
  expect(await it.get('/networks')).toEqual(['/v1.44/networks']);
});

it('negotiates again when the Engine at the socket has become another', async () => {
  let least = '1.12';
  const it = await engine(
    (request, response) => {
      if (request.url?.startsWith(`/v1.41/`) && least !== '1.12') {
        response
          .writeHead(400)
          .end('client version 1.41 is too old. Minimum supported API version is 1.44');
      } else response.end(JSON.stringify([request.url]));
    },
    () => ({ Version: '29.1.0', ApiVersion: '1.52', MinAPIVersion: least }),
  );
  expect(await it.get('/nodes')).toEqual(['/v1.41/nodes']);
  least = '1.44';
  expect(await it.get('/nodes')).toEqual(['/v1.44/nodes']);
});

it('an Engine that is too old is named at every call', async () => {
  const old = { Version: '19.03.15', ApiVersion: '1.40', MinAPIVersion: '1.12' };
  const it = await engine(
    (_, response) => response.end('[]'),
    () => old,
  );
  for (const _ of [1, 2]) {
    await expect(it.get('/nodes')).rejects.toThrow(/Docker 19.03.15 speaks API 1.40 at most/);
  }
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
