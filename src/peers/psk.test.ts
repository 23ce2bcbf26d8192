import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadPreshared } from './psk.ts';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';

const swarm = useSwarm();
let work: string;
let directory: string;

beforeAll(() => {
  directory = swarm.node('node-a');
  work = mkdtempSync(join(tmpdir(), 'castnet-psk-'));
});
afterAll(() => {
  rmSync(work, { recursive: true });
});

function secretFile(text: string, mode = 0o600): string {
  const file = join(work, `psk-${mode}-${text.length}`);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

it('without a file, or with /dev/null in its place, there is no pre-shared key', async () => {
  expect(await loadPreshared({ file: '/dev/null', directory })).toBeUndefined();
  expect(await loadPreshared({ file: join(work, 'none'), directory })).toBeUndefined();
});

it('the certificate names the node, and the key opens sessions, though the node’s key is locked', async () => {
  const locked =
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nkek-version: 7\n\nMIHe\n-----END ENCRYPTED PRIVATE KEY-----\n';
  writeFileSync(join(directory, 'swarm-node.key'), locked);
  const file = secretFile(`${'s'.repeat(64)}\n`);
  const [ours, theirs] = [
    await loadPreshared({ file, directory }),
    await loadPreshared({ file, directory: swarm.node('node-b') }),
  ];
  if (ours === undefined || theirs === undefined) throw new Error('no credentials');
  expect(ours).toMatchObject({ kind: 'psk', node: 'node-a' });
  const from = await publisher(ours);
  const to = subscriber(theirs, from.port);
  await to.until(({ state, node }) => state === 'up' && node === 'node-a');
});

it.each([
  ['a short one', () => secretFile('short'), 'has 5 characters, it needs at least 32'],
  ['one that others may read', () => secretFile('s'.repeat(32), 0o644), 'chmod 600'],
])('%s is refused, saying what to do', async (_name, file, words) => {
  await expect(loadPreshared({ file: file(), directory })).rejects.toThrow(words);
});
