import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSwarmAddresses } from './swarm-files.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-swarm-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (file: string, content: unknown): void =>
  writeFileSync(join(directory, file), JSON.stringify(content));

// As 20.10.24 writes them.
const NONE = { DefaultAddressPool: null, SubnetSize: 0, DataPathPort: 0, JoinInProgress: false };

it('a first manager made by a plain `docker swarm init` has its address saved twice', () => {
  write('docker-state.json', {
    LocalAddr: '10.99.0.1',
    RemoteAddr: '',
    ListenAddr: '0.0.0.0:2377',
    AdvertiseAddr: '10.99.0.1:2377',
    DataPathAddr: '',
    ...NONE,
    DataPathPort: 4789,
  });
  expect(readSwarmAddresses(directory)).toEqual({
    dataPath: undefined,
    advertised: '10.99.0.1',
    local: '10.99.0.1',
    remotes: [],
  });
});

it('a plain join leaves the manager that was joined, and Swarm those it knew last', () => {
  write('docker-state.json', {
    LocalAddr: '',
    RemoteAddr: '10.99.0.1:2377',
    ListenAddr: '0.0.0.0:2377',
    AdvertiseAddr: '',
    DataPathAddr: '',
    ...NONE,
  });
  write('state.json', [
    { node_id: 'a', addr: '10.99.0.1:2377' },
    { node_id: 'b', addr: '10.99.0.2:2377' },
  ]);
  expect(readSwarmAddresses(directory)).toEqual({
    dataPath: undefined,
    advertised: undefined,
    local: undefined,
    remotes: ['10.99.0.1:2377', '10.99.0.2:2377'],
  });
});

it('a particular --listen-addr is where Docker’s gossip listens', () => {
  write('docker-state.json', { RemoteAddr: '[fd99::1]:2377', ListenAddr: '[fd99::2]:2377' });
  expect(readSwarmAddresses(directory)).toMatchObject({
    local: 'fd99::2',
    remotes: ['[fd99::1]:2377'],
  });
});

it('outside a Swarm there is no file, and a broken one says nothing', () => {
  expect(readSwarmAddresses(directory)).toBeUndefined();
  writeFileSync(join(directory, 'docker-state.json'), '{"LocalAddr":');
  expect(readSwarmAddresses(directory)).toBeUndefined();
});
