import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { portName } from '../core/names.ts';
import { GarbageCollector } from './garbage-collection.ts';
import { State } from './state.ts';

const NETWORK = 'k7xq2m9v0c4bz8n1t5r3w6y2d';
const ENDPOINT = 'e'.repeat(64);
const SANDBOX = '/var/run/docker/netns/a';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** An agent that starts when one container is there, unless told. */
function collecting({ sandbox = SANDBOX as string | undefined, there = 'a' } = {}) {
  const state = new State(directory);
  const keep = (more: object = {}) =>
    state.endpoints.set({
      ...{ id: ENDPOINT, network: NETWORK, address: '10.0.1.5/24', mac: '02:42:0a:00:01:05' },
      ...{ mtu: 1450, since: 0, ...more },
    });
  keep(sandbox === undefined ? {} : { sandbox });
  const namespaces = new Map<string, string>(there === '' ? [] : [[SANDBOX, there]]);
  let changes = 0;
  const garbage = new GarbageCollector({
    state,
    identity: (path) => namespaces.get(path),
    changed: () => changes++,
    deleteEndpoint: async () => {},
    deleteNetwork: async () => {},
    log: { debug() {}, info() {}, warn() {}, error() {} },
    now: () => 0,
  });
  const look = (times = 1): number => {
    for (let time = 0; time < times; time++) garbage.dropWithoutNamespace();
    return state.endpoints.size;
  };
  return { garbage, state, namespaces, keep, look, changes: () => changes };
}

it('drops an endpoint whose namespace Docker took away, though its port is still there', () => {
  const { garbage, namespaces, look, changes } = collecting();
  garbage.dropDeadEndpoints(new Set([portName(ENDPOINT)]), 1);
  expect(look()).toBe(1);
  namespaces.delete(SANDBOX);
  expect(look(2)).toBe(0);
  expect(changes()).toBe(1);
});

it('drops one at whose place Docker put another namespace, as it does before it removes a stale one', () => {
  const { namespaces, look } = collecting();
  namespaces.set(SANDBOX, 'b');
  expect(look(2)).toBe(0);
});

it('believes it at the second look, and not if the namespace was there in between', () => {
  const { namespaces, look } = collecting();
  namespaces.delete(SANDBOX);
  expect(look()).toBe(1);
  namespaces.set(SANDBOX, 'a');
  expect(look()).toBe(1);
  namespaces.delete(SANDBOX);
  expect(look()).toBe(1);
  expect(look()).toBe(0);
});

it('keeps one whose namespace is still to come', () => {
  const { namespaces, look } = collecting({ there: '' });
  expect(look(3)).toBe(1);
  namespaces.set(SANDBOX, 'a');
  expect(look(3)).toBe(1);
});

it('keeps one that left its container, for Docker says what becomes of it', () => {
  const { keep, namespaces, look } = collecting();
  keep();
  namespaces.delete(SANDBOX);
  expect(look(3)).toBe(1);
  keep({ sandbox: '/var/run/docker/netns/b' });
  expect(look(3)).toBe(1);
});

it('drops one whose port is gone', () => {
  const { garbage, state } = collecting();
  garbage.dropDeadEndpoints(new Set(), 0);
  expect(state.endpoints.size).toBe(1);
  garbage.dropDeadEndpoints(new Set(), 1);
  expect(state.endpoints.size).toBe(0);
});
