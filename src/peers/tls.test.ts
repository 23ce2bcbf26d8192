import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { identityOf, peerIdentity } from './identity.ts';
import { silentLog } from './log.ts';
import { presharedCredentials } from './psk.ts';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';
import { until } from './testing/until.ts';
import { loadSwarmCredentials } from './tls.ts';

const swarm = useSwarm();
const { load } = swarm;

const keyOf = (directory: string) => join(directory, 'swarm-node.key');

it('reads the node id, and a key with the headers that Swarm writes into it', async () => {
  const directory = swarm.node('node-a');
  const plain = readFileSync(keyOf(directory), 'utf8');
  const headers = 'kek-version: 0\nraft-dek: CiDS0c/RUs+ENCRYPTED==\n\n';
  writeFileSync(keyOf(directory), plain.replace('-----\n', `-----\n${headers}`));
  const credentials = await load(directory);
  expect(credentials.node).toBe('node-a');
  const from = await publisher(credentials);
  const to = subscriber(await load(swarm.node('node-b')), from.port);
  await to.until(({ state }) => state === 'up');
});

it.each([
  ['PKCS 8', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
  ['the older form', ['ec', '-aes256']],
])('an encrypted key (%s) is said to come from autolock', async (_name, args) => {
  const directory = swarm.node('node-a');
  const key = keyOf(directory);
  execFileSync('openssl', [...args, '-in', key, '-out', `${key}.new`, '-passout', 'pass:secret'], {
    stdio: 'ignore',
  });
  renameSync(`${key}.new`, key);
  await expect(load(directory)).rejects.toMatchObject({
    code: 'encrypted-key',
    message: expect.stringMatching(/autolock on.*pre-shared key/),
  });
});

it.each([
  ['missing', 'swarm-node.crt', undefined, /cannot read .*ENOENT.*docker swarm join/],
  ['unusable', 'swarm-node.key', 'nonsense', /holds no PEM private key/],
  ['unusable', 'swarm-node.crt', 'nonsense', /cannot be used/],
])('%s: %s', async (code, name, content, message) => {
  const directory = swarm.node('node-a');
  if (content === undefined) rmSync(join(directory, name));
  else writeFileSync(join(directory, name), content);
  await expect(load(directory)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

it('new certificates serve the connections made from then on', async () => {
  const directory = swarm.node('node-a');
  const credentials = await load(directory, { pollMs: 10 });
  const from = await publisher(credentials, { node: 'node-a' });
  const b = await load(swarm.node('node-b'));
  const before = subscriber(b, from.port);
  await before.until(({ state }) => state === 'up');

  const fresh = swarm.node('node-a2');
  // Between the two renames key and certificate do not match: the old ones stay in use.
  for (const name of ['swarm-node.key', 'swarm-node.crt']) {
    cpSync(join(fresh, name), join(directory, `.${name}`));
    renameSync(join(directory, `.${name}`), join(directory, name));
    await credentials.refresh();
    expect(credentials.node).toBe(name.endsWith('key') ? 'node-a' : 'node-a2');
  }
  const after = subscriber(b, from.port);
  await after.until(({ lastError }) => lastError?.includes('certificate is of node-a2') ?? false);
  expect(before.view().state).toBe('up');
});

it('notices changed files by itself', async () => {
  const directory = swarm.node('node-a');
  const credentials = await load(directory, { pollMs: 10 });
  cpSync(swarm.node('node-c'), directory, { recursive: true });
  await until(() => credentials.node === 'node-c', { what: 'the new certificate' });
});

it.each([
  [undefined, 'names no node'],
  [{ CN: 'n', OU: 'swarm-manager' }, 'names no Swarm'],
  [{ CN: ['n', 'm'], O: 'c', OU: 'swarm-manager' }, 'names no node'],
  [{ CN: 'n', O: 'c' }, 'OU is missing'],
  [{ CN: 'n', O: 'c', OU: 'swarm-ca' }, 'OU is "swarm-ca"'],
  [{ CN: 'n', O: 'd', OU: 'swarm-worker' }, 'of another Swarm (d, ours is c)'],
])('a subject %j is refused', (subject, reason) => {
  const judged = peerIdentity(subject, 'c');
  expect(judged.ok ? '' : judged.reason).toContain(reason);
  const fine = { CN: 'n', O: 'c', OU: 'swarm-worker' };
  expect(identityOf(fine)).toEqual({
    ok: true,
    identity: { node: 'n', cluster: 'c', role: 'worker' },
  });
});

it('a pre-shared key serves instead, and another one does not', async () => {
  const secret = '0123456789abcdef0123456789abcdef';
  const from = await publisher(presharedCredentials(secret), { node: 'node-a' });
  from.publish(host('node-a', { net1: network(1) }));
  const to = subscriber(presharedCredentials(`${secret}\n`), from.port);
  const view = await to.until(({ networks }) => networks.size === 1);
  expect(view.node).toBe('node-a');

  const other = subscriber(presharedCredentials(`x${secret}`), from.port);
  const refused = await other.until(({ lastError }) => lastError !== undefined);
  expect(refused.lastError).toContain('TLS handshake failed');
  const certified = subscriber(await load(swarm.node('node-b')), from.port);
  await certified.until(({ lastError }) => lastError !== undefined);
  expect(from.sessions().map(({ node }) => node)).toEqual(['node-b']);
  expect(certified.view().node).toBeUndefined();
  expect(() => presharedCredentials('short')).toThrow('has 5 characters, it needs at least 32');
});

it('says that changed certificates cannot be used, until they can', async () => {
  const directory = swarm.node('node-a');
  const told: (string | undefined)[] = [];
  const credentials = await loadSwarmCredentials({
    directory,
    log: silentLog,
    onStale: (reason) => told.push(reason),
  });
  const fresh = swarm.node('node-a2');
  const put = (name: string) => cpSync(join(fresh, name), join(directory, name));
  put('swarm-node.key');
  await credentials.refresh();
  expect(told).toMatchObject([/cannot be used/]);
  put('swarm-node.crt');
  await credentials.refresh();
  expect(told.at(-1)).toBeUndefined();
  credentials.close();
});
