/** A host that goes back to a release without encryption while it has containers of an encrypted network. */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostReport } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import { settled } from '../kit/kernel.ts';
import { nextPackage, upgradeFrom, withoutEncryption } from '../kit/next-package.ts';
import { type Container, createNetwork, removeContainers, runContainer } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';
import { Wiretap } from './support/wiretap.ts';

const GROUP = '239.90.1.8';
const CANARY = 'kanarienvogel';

const lab = useLab('back', { hosts: 2, managers: 1 });
const containers: Container[] = [];
let stations: Station[] = [];

beforeAll(async () => {
  await createNetwork(lab(), 'secret', ['--opt', 'encrypted']);
  for (const host of lab().hosts)
    containers.push(await runContainer(host, { network: 'secret', name: `secret-${host.name}` }));
  await settled(lab(), 'secret');
  stations = await startStations(containers);
  for (const it of stations) await it.join(GROUP);
  await groupReady(stations, GROUP);
});
afterAll(async () => {
  await closeStations(stations);
  await removeContainers(containers);
});

/** All stations say everything they can until told to stop; one that has lost its network says nothing. */
function speaking(): () => Promise<void> {
  let isOver = false;
  const speak = async (): Promise<void> => {
    while (!isOver) {
      for (const [at, from] of stations.entries()) {
        const other = containers[1 - at] as Container;
        for (const to of [GROUP, '255.255.255.255', other.ip])
          await from.say({ to, tag: CANARY }).catch(() => {});
      }
      await delay(20);
    }
  };
  const done = speak();
  return () => {
    isOver = true;
    return done;
  };
}

it('from then on nothing of it is in clear, and doctor names the host', async () => {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  const old = await nextPackage({ build: 'before-encryption', change: withoutEncryption });
  const taps = await Promise.all([h1, h2].map((it) => Wiretap.start(it, CANARY)));
  const stop = speaking();
  try {
    expect(await upgradeFrom(old, h2)).toContain('before-encryption');
  } finally {
    await rm(old, { recursive: true, force: true });
  }
  await until(async () => (await hostReport(h2)).networks.length === 0 || undefined, {
    what: 'an agent on h2 that has not the network',
    timeoutMs: 30_000,
  });
  const { stdout } = await castnetOn(h1, ['doctor']);
  await stop();
  expect(stdout).toMatch(new RegExp(`✗ Packets on secret +host ${h2.address} takes no part`));
  for (const tap of taps) {
    expect(await tap.seen(), tap.host.name).toBe(0);
    await tap.stop();
  }
});

it('status on another host says so too, once Docker and the host have not agreed for a minute', async () => {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  const said = async () => (await castnetOn(h1, ['status'])).stdout;
  const words = `${h2.address} says nothing of network secret, in which Docker has it`;
  await until(async () => (await said()).includes(words) || undefined, {
    what: `status that names ${h2.address}`,
    timeoutMs: 90_000,
  });
  expect(await said()).not.toContain('Everything is well');
  const [{ Peers }] = JSON.parse(await h1.docker(['network', 'inspect', '--verbose', 'secret']));
  expect(Peers, 'what the remedy shows').toContainEqual(
    expect.objectContaining({ IP: h2.address }),
  );
});

it('back with this release, it has the network for containers that are made anew', async () => {
  const [, h2] = lab().hosts as [LabHost, LabHost];
  expect(await upgradeFrom(ROOT, h2)).not.toContain('Nothing to do');
  await closeStations(stations);
  const [, lost] = containers as [Container, Container];
  await removeContainers([lost]);
  containers[1] = await runContainer(h2, { network: 'secret', name: 'secret-again' });
  await settled(lab(), 'secret');
  stations = await startStations(containers);
  for (const it of stations) await it.join(GROUP);
  await groupReady(stations, GROUP);
});
