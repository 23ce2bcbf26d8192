import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { Credentials } from './credentials.ts';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';
import { until } from './testing/until.ts';

/** A session lasts no longer than what was proved when it was opened. */

const FILES = ['swarm-node.crt', 'swarm-node.key', 'swarm-root-ca.crt'];
const DAY = 86_400_000;
const QUICK = { limits: { idleMs: 2000 } };
const TICK = { timing: { tickMs: 20, pingMs: 20 } };

const swarm = useSwarm();
const renewed = useSwarm();
let ahead = 0;
beforeEach(() => {
  ahead = 0;
});

async function node(name: string) {
  const directory = swarm.node(name);
  const timeOfDay = () => Date.now() + ahead;
  return { directory, credentials: await swarm.load(directory, { timeOfDay }) };
}

/** Two hosts in a session, which records of one host pass. */
async function session(a: Credentials, b: Credentials) {
  const from = await publisher(a, QUICK);
  from.publish(host('node-a', { net1: network(1) }));
  const to = subscriber(b, from.port, TICK);
  await to.until((view) => view.networks.size === 1);
  return { from, to };
}

/** As a node that is given a certificate of another root; `trusts` as its file of roots. */
function replace(directory: string, by: string, trusts: readonly string[]): void {
  for (const it of FILES) copyFileSync(join(by, it), join(directory, it));
  const roots = trusts.map((it) => readFileSync(join(it, 'swarm-root-ca.crt'), 'utf8'));
  writeFileSync(join(directory, 'swarm-root-ca.crt'), roots.join(''));
}

it('who listens is let go when its certificate expires', async () => {
  const [a, b] = [await node('node-a'), await node('node-b')];
  const plain = await swarm.load(b.directory);
  const { to } = await session(a.credentials, plain);
  ahead = 2 * DAY;
  await to.until(({ lastError }) => lastError?.includes('certificate has expired') === true);
});

it('who is listened to is left when its certificate expires, and what it said stays', async () => {
  const [a, b] = [await node('node-a'), await node('node-b')];
  const plain = await swarm.load(a.directory);
  const { to } = await session(plain, b.credentials);
  ahead = 2 * DAY;
  await to.until(({ fault }) => fault === 'certificate');
  // Its kernel lives and forwards.
  expect(to.view().networks.size).toBe(1);
});

it('a certificate of the old root opens nothing and keeps nothing open after a change of the root', async () => {
  const [a, b] = [await node('node-a'), await node('node-b')];
  const { from, to } = await session(a.credentials, b.credentials);
  replace(a.directory, renewed.node('node-a'), [renewed.node('x')]);
  await a.credentials.refresh();
  await until(() => from.sessions().length === 0, { what: 'the end of the session' });
  await to.until(({ lastError }) => lastError !== undefined);
  expect(to.view().networks.size).toBe(1);
  // When it follows it is heard again.
  replace(b.directory, renewed.node('node-b'), [renewed.node('x')]);
  await b.credentials.refresh();
  await to.until(({ state }) => state === 'up');
});

it('at the end of a rotation only who did not follow is let go', async () => {
  const [a, b, c] = [await node('node-a'), await node('node-b'), await node('node-c')];
  const [old, fresh] = [swarm.node('x'), renewed.node('x')];
  replace(a.directory, renewed.node('node-a'), [old, fresh]);
  replace(b.directory, renewed.node('node-b'), [old, fresh]);
  replace(c.directory, swarm.node('node-c'), [old, fresh]);
  for (const it of [a, b, c]) await it.credentials.refresh();
  const { from, to } = await session(a.credentials, b.credentials);
  const late = subscriber(c.credentials, from.port, TICK);
  await late.until((view) => view.networks.size === 1);
  const [before] = from.sessions().filter((it) => it.node === 'node-b');
  copyFileSync(join(fresh, 'swarm-root-ca.crt'), join(a.directory, 'swarm-root-ca.crt'));
  await a.credentials.refresh();
  await until(() => from.sessions().length === 1, { what: 'the end of one session' });
  expect(from.sessions()).toMatchObject([{ node: 'node-b', since: before?.since }]);
  expect(to.view().state).toBe('up');
});
