import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Credentials } from './credentials.ts';
import { atEnd, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { until } from './testing/until.ts';

const swarm = useSwarm();
let b: Credentials;
beforeAll(async () => {
  b = await swarm.credentials('node-b');
});

/** Shorter than those in force, a fortieth of most. */
const timing = {
  ...{ pingMs: 25, tickMs: 12, silenceMs: 200, probeMs: 50, handshakeMs: 125 },
  ...{ backoffMs: 5, backoffMaxMs: 25 },
};

/** A quarter of those in force, for more hosts than this process has time for at shorter ones. */
const slower = {
  ...{
    pingMs: 250,
    tickMs: 125,
    silenceMs: 1000,
    probeMs: 500,
    connectMs: 1500,
    handshakeMs: 1250,
  },
  ...{ backoffMs: 25, backoffMaxMs: 250 },
};

/** An agent whose socket keeps `backlog` + 1 connections (tcp(7), listen(2)) while it is stopped. */
async function agent(backlog: number) {
  const file = join(import.meta.dirname, 'testing/stopped-agent.ts');
  const child = spawn(process.execPath, [file, swarm.node('node-a'), String(backlog)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(() => void child.kill('SIGKILL'));
  const [port] = await once(child.stdout, 'data');
  return { child, port: Number(port) };
}

/** Connections that wait in the queue of a socket (proc_net_tcp: rx_queue of one that listens). */
function queued(port: number): number {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const listening = lines.find((it) => it.includes(`${address} 00000000:0000 0A`));
  return Number.parseInt(listening?.trim().split(/[ :]+/)[7] ?? '', 16);
}

it('a stopped agent’s hosts keep its record for as long as its kernel lives', async () => {
  const { child, port } = await agent(4);
  const to = [subscriber(b, port, { timing }), subscriber(b, port, { timing })];
  for (const it of to) await it.until(({ networks }) => networks.size === 1);
  child.kill('SIGSTOP');
  for (const it of to) await it.until(({ state }) => state === 'agent-down');
  const [{ since = 0 } = {}] = to.map((it) => it.view());
  // As if two minutes: each host made a connection every two seconds.
  await until(() => Date.now() > since + 3_000, { what: 'time to pass', ms: 5_000 });
  for (const it of to) {
    expect(it.views.map(({ state }) => state)).not.toContain('silent');
    expect(it.view()).toMatchObject({ state: 'agent-down', fault: 'mute' });
    expect(it.view().networks.size).toBe(1);
  }
  expect(queued(port)).toBe(4);
  child.kill('SIGCONT');
  for (const it of to) await it.until(({ state }) => state === 'up');
});

it('an agent that was stopped when its host was first tried is heard when it goes on', async () => {
  const { child, port } = await agent(4);
  child.kill('SIGSTOP');
  const to = subscriber(b, port, { timing });
  await to.until(({ state, fault }) => state === 'agent-down' && fault === 'mute');
  child.kill('SIGCONT');
  await to.until(({ state, networks }) => state === 'up' && networks.size === 1);
});

it('a stopped agent that is killed is noticed at once, and refuses from then on', async () => {
  const { child, port } = await agent(4);
  const to = subscriber(b, port, { timing });
  await to.until(({ networks }) => networks.size === 1);
  child.kill('SIGSTOP');
  await to.until(({ fault }) => fault === 'mute');
  child.kill('SIGKILL');
  await to.until(({ fault }) => fault === 'refused');
  expect(to.view()).toMatchObject({ state: 'agent-down' });
  expect(to.view().networks.size).toBe(1);
});

it('300 hosts that try a stopped agent take two places each in its queue, and stay so', async () => {
  const { child, port } = await agent(4096);
  child.kill('SIGSTOP');
  const to = Array.from({ length: 300 }, () => subscriber(b, port, { timing: slower }));
  const isKept = () => to.every((it) => it.view().state === 'agent-down') && queued(port) >= 600;
  await until(isKept, { what: 'two connections of each', ms: 20_000 });
  // As if 16 seconds, in which each host tried eight times before.
  const begun = Date.now();
  while (Date.now() < begun + 4_000) {
    expect(queued(port)).toBe(600);
    expect(new Set(to.map((it) => it.view().state))).toEqual(new Set(['agent-down']));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}, 60_000);
