import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { download, keptAt } from './download.ts';
import type { Lock, LockedPackage } from './lock.ts';

/** Without it, Node asks. */
const NONE = '/nowhere/apt-helper';
const APT = '/usr/lib/apt/apt-helper';

let place = '';
let server: Server;
/** By path, what the mirror gives. */
let has: Map<string, Buffer>;
let asked: string[];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'castnet-download-'));
  [has, asked] = [new Map(), []];
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    const bytes = has.get(path);
    response.writeHead(bytes ? 200 : 404);
    response.end(bytes);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('CASTNET_DEBIAN_MIRROR', `http://127.0.0.1:${port}/debian/`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await rm(place, { recursive: true });
});

const bytes = Buffer.from('a package');
const wanted: LockedPackage = {
  ...{ name: 'tool', version: '1:2.0+b1~x-3', architecture: 'amd64', suite: 'trixie' },
  ...{ path: 'pool/main/t/tool/tool_2.0+b1~x-3_amd64.deb', size: bytes.length },
  ...{ sha256: createHash('sha256').update(bytes).digest('hex'), files: {} },
};
const lock: Lock = {
  ...{ suite: 'trixie', snapshot: '20261127T194507Z', node: '24.0.0' },
  ...{ amd64: [wanted], arm64: [], tools: [] },
};

const get = (helper: string) =>
  download({ lock, packages: [wanted], directory: join(place, 'kept'), helper });

describe.each([['by Node', NONE], ...(existsSync(APT) ? [['by apt', APT]] : [])])(
  '%s',
  (_, helper = '') => {
    test('a package is fetched once and kept', async () => {
      has.set(`/debian/${wanted.path}`, bytes);
      await get(helper);
      await get(helper);
      expect(asked).toHaveLength(1);
      expect(await readdir(join(place, 'kept'))).toEqual([`${wanted.sha256}.deb`]);
    });

    test('a package that the mirror has no longer is named, with the ways out', async () => {
      await expect(get(helper)).rejects.toMatchObject({
        message: expect.stringMatching(/tool 1:2.0\+b1~x-3 \(amd64\)[\s\S]*404/),
        hint: expect.stringMatching(
          /snapshot\.debian\.org\/archive\/debian\/20261127T194507Z[\s\S]*CASTNET_DEBIAN_MIRROR[\s\S]*npm run plugin:lock/,
        ),
      });
      expect(await readdir(join(place, 'kept'))).toEqual([]);
    });

    test('other bytes than those of the lock are not taken', async () => {
      has.set(`/debian/${wanted.path}`, Buffer.from('another'));
      await expect(get(helper)).rejects.toThrow(
        /tool_2\.0.*is not the file of the lock \(SHA-256\)/,
      );
      expect(await readdir(join(place, 'kept'))).toEqual([]);
    });

    test('a mirror that does not answer is named', async () => {
      server.close();
      await expect(get(helper)).rejects.toThrow(/http:\/\/127\.0\.0\.1:\d+\/debian: /);
    });

    test('what a killed build left half is fetched anew', async () => {
      has.set(`/debian/${wanted.path}`, bytes);
      await mkdir(join(place, 'kept'));
      await writeFile(keptAt(join(place, 'kept'), wanted), bytes.subarray(0, 3));
      await get(helper);
      expect(asked).toHaveLength(1);
    });
  },
);

test('a mirror may be a directory of this machine', async () => {
  vi.stubEnv('CASTNET_DEBIAN_MIRROR', `file://${place}/mirror`);
  await mkdir(join(place, 'mirror', dirname(wanted.path)), { recursive: true });
  await writeFile(join(place, 'mirror', wanted.path), bytes);
  await get(APT);
  expect(await readdir(join(place, 'kept'))).toEqual([`${wanted.sha256}.deb`]);
});
