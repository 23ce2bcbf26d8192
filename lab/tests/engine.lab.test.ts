/** A host dies: nobody forwards to it any more; it comes back: everything reaches it again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentPid } from '../kit/agent.ts';
import { settled, tunnelEntries } from '../kit/kernel.ts';
import { containerCount, containersOn, deployStack, removeStack } from '../kit/stack.ts';
import { closeStations, Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.80.0.1';
/** In which the others must have noticed, and in which it must be reached again; milliseconds. */
const LIMIT_MS = 10_000;

const lab = useLab('engine');
let stations: Station[] = [];
/** h3's, when its Engine is killed. */
let agentBefore: number | undefined;

beforeAll(async () => {
  await deployStack(lab(), 'crash', { web: { replicas: 3, global: true } });
  stations = await startStations(await containerCount(lab(), 'crash_net', 3));
  await settled(lab(), 'crash_net');
  await Promise.all(stations.map((it) => it.join(GROUP)));
  await groupReady(stations, GROUP);
});
afterAll(async () => {
  await closeStations(stations);
  await removeStack(lab(), 'crash');
});

it('within 10 s of an Engine’s SIGKILL and a cut cable no other host forwards to it', async () => {
  const [h1, h2, h3] = lab().hosts as [LabHost, LabHost, LabHost];
  for (const host of [h1, h2]) {
    const ways = (await tunnelEntries(host)).filter((it) => it.to === h3.address);
    expect(ways.length, host.name).toBeGreaterThan(2);
  }
  agentBefore = await agentPid(h3);
  const start = performance.now();
  await Promise.all([h3.killEngine('SIGKILL'), h3.cut()]);
  for (const host of [h1, h2]) {
    await until(
      async () => {
        const ways = (await tunnelEntries(host)).filter((it) => it.to === h3.address);
        if (ways.length === 0) return true;
        throw new Error(ways.map(({ mac }) => mac).join());
      },
      { what: `${host.name} forwarding nothing to h3`, timeoutMs: 2 * LIMIT_MS },
    );
  }
  expect(performance.now() - start).toBeLessThan(LIMIT_MS);
});

it('the other hosts go on among themselves', async () => {
  const alive = stations.filter((it) => it.container.host.name !== 'h3');
  await Promise.all(alive.map((it) => it.say({ to: GROUP, tag: 'alive', count: 5 })));
  const heard = await settledPairs(alive, { tag: 'alive', count: 5 });
  expect(heard).toEqual(everyPair(alive, 5));
});

it('within 10 s of Docker’s own recovery everything reaches the host again', async () => {
  const h3 = lab().host('h3');
  await h3.mend();
  await h3.startEngine();
  await h3.waitEngine();
  const dead = stations.filter((it) => it.container.host === h3).map((it) => it.container.id);
  const container = await until(
    async () => {
      const nodes = await lab().host('h1').api<{ Status: { State: string } }[]>('GET', '/nodes');
      if (!nodes.every((it) => it.Status.State === 'ready')) throw new Error('a node is down');
      const now = await containersOn(h3, 'crash_net');
      return now.find((it) => !dead.includes(it.id));
    },
    { what: 'Docker’s own recovery', timeoutMs: 60_000, everyMs: 100 },
  );
  const recovered = performance.now();
  const back = await Station.start(container);
  const old = stations.filter((it) => it.container.host === h3);
  stations = [...stations.filter((it) => it.container.host !== h3), back];
  await back.join(GROUP);
  await groupReady(stations, GROUP);
  await settled(lab(), 'crash_net');
  expect(performance.now() - recovered).toBeLessThan(LIMIT_MS);
  // Docker ends a plugin that outlived it: the new Engine never meets the old agent.
  expect([undefined, agentBefore]).not.toContain(await agentPid(h3));
  await closeStations(old);
});

it('multicast, broadcast and unicast then reach everyone once', async () => {
  const targets = [
    ['multicast-again', GROUP],
    ['broadcast-again', '255.255.255.255'],
  ] as const;
  for (const [tag, to] of targets) {
    await Promise.all(stations.map((it) => it.say({ to, tag, count: 5 })));
    expect(await settledPairs(stations, { tag, count: 5 })).toEqual(everyPair(stations, 5));
  }
  for (const from of stations) {
    for (const to of stations.filter((it) => it !== from)) {
      await from.say({ to: to.container.ip, tag: 'unicast-again', count: 5 });
    }
  }
  const heard = await settledPairs(stations, { tag: 'unicast-again', count: 5 });
  expect(heard).toEqual(everyPair(stations, 5));
});
