/** Who is not of this Swarm gets nothing from an agent, and an agent tells him nothing. */

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PEER_PORT } from '../../plugin/config.ts';
import { type TestSwarm, testSwarm } from '../../src/peers/testing/certificates.ts';
import { hostReport, killAgentAndHold } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import { settled } from '../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../kit/stack.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { useLab } from './support/lab.ts';

const OWN = '/var/lib/docker/swarm/certificates';
const STRANGER = [process.execPath, join(ROOT, 'lab/tools/stranger.ts')];

type Outcome = { how: string; bytes: number; read: string };

const lab = useLab('strange', { hosts: 2 });
let containers: Container[] = [];
let network = '';
let h1: LabHost;
let h2: LabHost;
/** Another Swarm with the same cluster id, which anyone can write into a certificate. */
let other: TestSwarm;
let node = '';

beforeAll(async () => {
  [h1, h2] = lab().hosts as [LabHost, LabHost];
  await createNetwork(lab(), 'secret');
  containers = [
    await runContainer(h1, { network: 'secret', name: 'secret-h1' }),
    await runContainer(h2, { network: 'secret', name: 'secret-h2' }),
  ];
  await settled(lab(), 'secret');
  network = (await hostReport(h1)).networks[0]?.id ?? '';
  const info = await h2.api<{ Swarm: { NodeID: string; Cluster: { ID: string } } }>('GET', '/info');
  node = info.Swarm.NodeID;
  other = testSwarm(info.Swarm.Cluster.ID);
});
afterAll(async () => {
  other?.remove();
  await removeContainers(containers);
  await removeNetwork(lab(), 'secret');
});

/** Calls h1's agent from h2, with certificates or without. */
async function call(...certificates: string[]): Promise<Outcome> {
  const argv = [...STRANGER, 'call', h1.address, String(PEER_PORT), network, ...certificates];
  const { stdout, stderr } = await h2.exec(argv, { timeoutMs: 20_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Outcome;
}

it('one of the Swarm is answered, with the containers of h1', async () => {
  const { how, read } = await call(OWN, node);
  expect(how).toBe('answered');
  expect(read).toContain(containers[0]?.ip);
});

it('one without a certificate reads not one byte before he is cut off', async () => {
  expect(await call()).toEqual({ how: 'ended', bytes: 0, read: '' });
});

it('one with a certificate of another Swarm reads not one byte before he is cut off', async () => {
  const certificates = other.node(node);
  expect(await call(certificates, node)).toEqual({ how: 'ended', bytes: 0, read: '' });
});

it('an agent tells nothing to a stranger in another agent’s place, and keeps what it had', async () => {
  const before = (await hostReport(h1)).peers.length;
  expect(before).toBe(1);
  const { resume } = await killAgentAndHold(h2);
  const child = h2.spawn([...STRANGER, 'answer', String(PEER_PORT), other.node(node)]);
  try {
    const said: Partial<Outcome & { connections: number; ready: boolean }>[] = [];
    if (child.stdout === null) throw new Error('no output');
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
    await until(async () => said.some((it) => (it.connections ?? 0) >= 2) || undefined, {
      what: 'h1 calling the stranger twice',
      timeoutMs: 10_000,
    });
    child.stdin?.end();
    const outcome = await until(async () => said.find((it) => it.bytes !== undefined), {
      what: 'what the stranger read',
      timeoutMs: 5_000,
    });
    expect(outcome).toMatchObject({ bytes: 0, read: '' });
  } finally {
    child.kill();
    await resume();
  }
  await settled(lab(), 'secret');
});
