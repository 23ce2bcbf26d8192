import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseReference } from './reference.ts';
import { copy, pushFailed } from './skopeo.ts';

const to = parseReference('registry.example.com:5000/castnet:1.0');
const input = { directory: '/image', to, insecure: false };

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-skopeo-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** Puts a skopeo in front of the machine's own. */
function skopeo(script: string): void {
  const path = join(directory, 'skopeo');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  vi.stubEnv('PATH', `${directory}:${process.env.PATH}`);
}

test('asks for TLS unless told, and keeps the digest', async () => {
  skopeo(`echo "$@" >>${directory}/asked`);
  await copy(input);
  await copy({ ...input, insecure: true });
  const { readFileSync } = await import('node:fs');
  const [first, second] = readFileSync(`${directory}/asked`, 'utf8').split('\n');
  expect(first).toContain('dir:/image docker://registry.example.com:5000/castnet:1.0');
  expect(first).toContain('--preserve-digests');
  expect(first).not.toContain('tls-verify');
  expect(second).toContain('--dest-tls-verify=false');
});

test('says how to install skopeo where there is none', async () => {
  vi.stubEnv('PATH', directory);
  await expect(copy(input)).rejects.toMatchObject({ hint: expect.stringContaining('skopeo') });
});

test('does not wait for a registry that never answers', async () => {
  skopeo('exec sleep 30');
  await expect(copy({ ...input, timeoutMs: 300 })).rejects.toThrow(/not pushed within 0.3 s/);
});

const fatal = (said: string) =>
  `time="2026-11-27T19:53:43Z" level=fatal msg=${JSON.stringify(said)}`;

/** What skopeo 1.9.3 says, each against a registry that was so. */
test.each([
  [
    'pinging container registry registry.example.com:5000: Get "https://registry.example.com:5000/v2/": http: server gave HTTP response to HTTPS client',
    /speaks HTTP/,
    /--insecure/,
  ],
  [
    'pinging container registry registry.example.com:5000: Get "https://registry.example.com:5000/v2/": x509: certificate signed by unknown authority',
    /does not trust: .*x509/,
    /certs\.d\/registry\.example\.com:5000\/ca\.crt/,
  ],
  [
    'trying to reuse blob sha256:af at destination: checking whether a blob sha256:af exists in registry.example.com:5000/castnet: unauthorized: authentication required',
    /wants a login/,
    /^docker login registry\.example\.com:5000$/,
  ],
  [
    'writing blob: initiating layer upload to /v2/castnet/blobs/uploads/ in registry.example.com: denied: requested access to the resource is denied',
    /does not let this account push/,
    /"castnet"/,
  ],
  [
    'pinging container registry registry.example.com:5000: Get "https://registry.example.com:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused',
    /cannot be reached: .*refused/,
    /name and port/,
  ],
  [
    'pinging container registry nowhere.example: Get "https://nowhere.example/v2/": dial tcp: lookup nowhere.example on 10.0.0.53:53: no such host',
    /cannot be reached/,
    /name and port/,
  ],
  [
    'writing blob: uploading layer to https://registry.example.com:5000/v2/castnet/blobs/uploads/x: received unexpected HTTP status: 500 Internal Server Error',
    /failed while it took/,
    /full disk/,
  ],
  [
    'writing blob: Patch "https://10.0.0.1:5000/v2/castnet/blobs/uploads/x": write tcp 10.0.0.1:42432->10.0.0.1:5000: write: connection reset by peer',
    /failed while it took/,
    /full disk/,
  ],
  [
    'writing blob: Patch "https://10.0.0.1:5000/v2/castnet/blobs/uploads/x": write tcp 10.0.0.1:42432->10.0.0.1:5000: write: broken pipe',
    /failed while it took/,
    /full disk/,
  ],
])('%s', (said, what, hint) => {
  const error = pushFailed(to, `warning\n${fatal(said)}\n`);
  expect(error.message).toMatch(what);
  expect(error.message).toContain(said);
  expect(error.hint).toMatch(hint);
});

test('other words are told as they are', () => {
  expect(pushFailed(to, 'something else').message).toContain('something else');
});
