import { type ConnectionOptions, connect } from 'node:tls';
import { expect, it } from 'vitest';
import type { Asker } from '../core/visible.ts';
import { presharedCredentials } from './psk.ts';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host } from './testing/records.ts';

const swarm = useSwarm();

async function secrets(credentials: () => Promise<Parameters<typeof publisher>[0]>) {
  const theirs: string[] = [];
  const answer = async (_what: string, args: unknown, by: Asker) => {
    theirs.push(by.secret?.(String(args)) ?? '');
  };
  const from = await publisher(await credentials(), { answer });
  from.publish(host('127.0.0.1', {}));
  const to = subscriber(await credentials(), from.port, { node: 'node-b' });
  await to.until(({ state }) => state === 'up');
  const ours: string[] = [];
  for (const context of ['one', 'two']) {
    ours.push(to.secret(context) ?? '');
    await to.ask('secret', context, { timeoutMs: 1000 });
  }
  return { ours, theirs };
}

it.each([
  ['with the Swarm’s certificates', 'swarm'],
  ['with a pre-shared key', 'psk'],
])('%s both ends of a session have one secret, another for each context', async (_name, kind) => {
  let names = 0;
  const both = await secrets(async () => {
    const node = ['node-a', 'node-b'][names++] as string;
    return kind === 'psk'
      ? presharedCredentials('x'.repeat(32), node)
      : swarm.load(swarm.node(node));
  });
  expect(both.ours).toEqual(both.theirs);
  expect(new Set(both.ours).size).toBe(2);
  for (const it of both.ours) expect(Buffer.from(it, 'base64')).toHaveLength(32);
});

it.each([
  ['X25519MLKEM768', 'secureConnect'],
  ['X25519', 'secureConnect'],
  ['P-256', 'error'],
])('a peer that has %s alone: %s', async (group, event) => {
  const from = await publisher(await swarm.load(swarm.node('node-a')));
  const { secureContext: _, ...options } = (await swarm.load(swarm.node('node-b'))).clientOptions();
  const { cert, key, ca } = (await swarm.load(swarm.node('node-c'))).serverOptions();
  const files = { cert, key, ca } as ConnectionOptions;
  const at = { host: '127.0.0.1', port: from.port, ecdhCurve: group };
  const socket = connect({ ...options, ...files, ...at });
  const happened = await new Promise((resolve) => {
    socket.on('secureConnect', () => resolve('secureConnect'));
    socket.on('error', () => resolve('error'));
  });
  socket.destroy();
  expect(happened).toBe(event);
});
