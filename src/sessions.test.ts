import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentLog } from './peers/log.ts';
import { useSwarm } from './peers/testing/nodes.ts';
import { swarmIdentity } from './sessions.ts';

const swarm = useSwarm();

const log = { ...silentLog, error() {} };
const identityIn = (directory: string, pskFile = '/dev/null') =>
  swarmIdentity({ directory, pskFile, log });

it('a host that leaves its Swarm has no identity any more, and another when it joins anew', async () => {
  const directory = swarm.node('node-a');
  const identity = identityIn(directory);
  expect(await identity.node()).toBe('node-a');
  expect(identity.certificate()).toMatchObject({ id: 'cluster-1' });
  rmSync(directory, { recursive: true });
  expect(await identity.node()).toBeUndefined();
  expect(identity.certificate()).toBeUndefined();
  await expect(identity.load()).rejects.toMatchObject({ code: 'missing' });
  renameSync(swarm.node('node-b'), directory);
  expect(await identity.node()).toBe('node-b');
  rmSync(directory, { recursive: true });
  await identity.node();
});

it('so has one that proves itself by a pre-shared key', async () => {
  const directory = swarm.node('node-a');
  const pskFile = join(directory, '..', 'psk');
  writeFileSync(pskFile, 'f'.repeat(64), { mode: 0o600 });
  const identity = identityIn(directory, pskFile);
  expect(await identity.node()).toBe('node-a');
  rmSync(directory, { recursive: true });
  expect(await identity.node()).toBeUndefined();
});

it('certificates that cannot be used for now leave a host what it is', async () => {
  const directory = swarm.node('node-a');
  const identity = identityIn(directory);
  await identity.node();
  const old = `${directory}-old`;
  cpSync(directory, old, { recursive: true });
  writeFileSync(join(directory, 'swarm-node.crt'), 'half of a certif');
  expect(await identity.node()).toBe('node-a');
  rmSync(directory, { recursive: true });
  await identity.node();
  await expect(identityIn(join(old, 'swarm-node.crt')).node()).rejects.toThrow('ENOTDIR');
});
